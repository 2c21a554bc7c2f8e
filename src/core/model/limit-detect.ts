// The limits and constants of the anomaly detectors: the part of `limit.ts` that is under `detect`.

/** Our own choice where no source is named; `npm run bench:detect` shows what they do. */
export const detectLimit = {
  /** Values beyond are no measurements: squares of what is larger do not fit a number of 64 bits. */
  value_abs: 1e150,
  /** No counter of requests or errors reaches it; sums of counts up to here are exact. */
  count: 2 ** 43,
  /** Control points kept for each metric: a day of quarter hours, and about 2 kB of state. */
  control_points: 96,
  /** Fewer control points than this cannot show the noise of a metric. */
  control_points_min: 20,
  /** Points of the new version before anything is said but `worse`. */
  bake_points_min: 5,
  /** Share of the points expected so far that may be missing before a pass. */
  missing_share: 0.2,
  /** Chance of a false alarm for a deployment whose plan names none. */
  false_alarms: 0.01,
  value: {
    /**
     * Shifts that the mixture bets on, in standard deviations of the noise. Denser grids find nothing
     * sooner, and each further shift costs the others a part of their evidence.
     */
    shifts: [0.5, 1, 1.7, 2.7, 4],
    /** The first point after a fault begins is bet on with at least this shift where noise is autocorrelated. */
    jump: 6,
    /** Share of the evidence for a fault that begins with the deployment; the rest is for later ones. */
    from_start: 0.8,
    /** Autocorrelation below is not told from none in an hour of minutes. */
    phi_min: 0.2,
    /** Above, hardly anything is left of a lasting fault after prewhitening. */
    phi_max: 0.85,
    /** Standard errors added to the estimated autocorrelation: too little whitening raises false alarms. */
    phi_errors: 0.1,
    /** Changes below are called none, in standard deviations of the control: metrics drift by that much. */
    tolerance: 0.25,
    /** And as a share of the level: what counts as equal in a metric that is constant. */
    resolution: 1e-6,
  },
  count_test: {
    /** Ratios of the error rates that the mixture bets on. */
    ratios: [1.5, 2.5, 4, 8],
    /** An error rate that is at most so many times the control's is not called worse. */
    tolerated_ratio: 1.02,
    /** Share of the evidence for a fault that begins with the deployment. */
    from_start: 0.8,
    /** Points between two later starts of the test, and how many there may be. */
    restart_points: 5,
    starts: 24,
    /** Errors added to a control from before the deployment; see `observeCounts`. */
    prior_errors: 0.5,
    /** Dispersion is believed where it is so many standard errors above that of Poisson counts. */
    dispersion_errors: 3,
  },
  calibration: {
    /** Pseudo-deployments of a service's own history that are looked at; later ones count first. */
    windows: 400,
    /** Fewer say too little about the noise to change a threshold. */
    windows_min: 20,
    /**
     * How many times the wanted chance of a false alarm the history may show: the wanted chance holds where the
     * noise is as the test assumes, this one whatever the noise. On real quiet metrics 2 gave the wanted
     * chance; 1 gave two thirds of it and found fewer large faults within three points (62 % for 71 %).
     */
    chances: 2,
  },
} as const;
