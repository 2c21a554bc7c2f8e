// The pages of the set-up flow: what is asked, the form that goes to GitHub, and what happens next.

export interface Asked {
  /** Proves that the form came from this page. */
  readonly form: string;
  readonly organization: string;
  readonly address: string;
  readonly name: string;
  /** What was wrong with what was sent before; empty the first time. */
  readonly problems: readonly string[];
}

export function askPage({ form, organization, address, name, problems }: Asked): string {
  return page(
    "Create the GitHub App",
    `${problems.map((problem) => `<p class="problem">${text(problem)}</p>`).join("")}
<form method="post" action="/setup">
<input type="hidden" name="form" value="${text(form)}">
<label>Organisation that owns the App
<input name="organization" value="${text(organization)}" autocomplete="off" placeholder="acme" autofocus>
<small>Its login on GitHub. Leave it empty for an App of your own account, which only you can manage.</small></label>
<label>Public address of Interlock
<input name="address" value="${text(address)}" autocomplete="off" placeholder="https://interlock.example.com" required>
<small>Where GitHub will send webhooks. It must be reachable from GitHub, so it is not the address of this page. You can change it later in the App's settings.</small></label>
<label>Name of the App
<input name="name" value="${text(name)}" autocomplete="off" maxlength="34" required>
<small>As people see it; no other App on GitHub may have it.</small></label>
<button>Continue</button>
</form>`,
  );
}

export function sendPage(to: {
  readonly action: string;
  readonly manifest: string;
  readonly owner: string;
  readonly webhook: string;
}): string {
  return page(
    "Create it on GitHub",
    `<p>GitHub creates the App for <b>${text(to.owner)}</b>, with webhooks to <code>${text(to.webhook)}</code>.
It shows what the App may do, lets you change the name, and sends you back here.</p>
<form method="post" action="${text(to.action)}">
<input type="hidden" name="manifest" value="${text(to.manifest)}">
<button>Continue to GitHub</button>
</form>`,
  );
}

export function donePage(done: {
  readonly file: string;
  readonly app: string;
  readonly install: string;
  readonly hints: readonly string[];
}): string {
  return page(
    "The App is created",
    `<p>Its id, key and webhook secret are in <code>${text(done.file)}</code>, which only you can read. This page is closed now.</p>
<ol>
<li><b>Start Interlock now:</b> <code>npm start</code></li>
<li><b><a href="${text(done.install)}">Install ${text(done.app)}</a></b> on the repositories that it is for.</li>
</ol>
${done.hints.map((hint) => `<p>${text(hint)}</p>`).join("")}`,
  );
}

/** A refusal, in a sentence that says what to do. */
export function sentencePage(title: string, sentence: string): string {
  return page(title, `<p>${text(sentence)}</p>`);
}

/** What browsers are to hold these pages to; forms go to this page and, where it is given, to GitHub. */
export function policy(github: string | null): string {
  const forms = github === null ? "'self'" : `'self' ${github}`;
  return `default-src 'none'; style-src 'unsafe-inline'; form-action ${forms}; frame-ancestors 'none'; base-uri 'none'`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)} – Interlock</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="product">Interlock</p>
<h1>${text(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** Also within quoted attributes. */
function text(value: string): string {
  const names: Record<string, string> = {
    "&": "amp",
    "<": "lt",
    ">": "gt",
    '"': "quot",
    "'": "#39",
  };
  return value.replace(/[&<>"']/g, (sign) => `&${names[sign]};`);
}

const style = `
:root { color-scheme: light dark; --line: #8884; --accent: #1f6feb; --bad: #b3261e }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#f6f8fa, #0d1117); color: light-dark(#1f2328, #e6edf3) }
main { max-width: 34rem; margin: 8vh auto; padding: 2rem 2.5rem; background: light-dark(#fff, #161b22); border: 1px solid var(--line); border-radius: 12px }
h1 { margin: 0 0 1.25rem; font-size: 1.5rem; line-height: 1.25 }
.product { margin: 0; font-size: .85rem; letter-spacing: .08em; text-transform: uppercase; opacity: .65 }
.problem { margin: 0 0 1rem; padding: .6rem .8rem; border-left: 3px solid var(--bad); background: light-dark(#fdeceb, #3a1614) }
label { display: block; margin: 0 0 1.25rem; font-weight: 600 }
input { display: block; box-sizing: border-box; width: 100%; margin: .3rem 0; padding: .5rem .65rem; font: inherit; font-weight: 400; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 6px }
small { display: block; font-weight: 400; opacity: .75; font-size: .875rem }
button { padding: .55rem 1.1rem; font: inherit; font-weight: 600; color: #fff; background: var(--accent); border: 0; border-radius: 6px; cursor: pointer }
code { padding: .1rem .3rem; background: light-dark(#eff1f3, #262c36); border-radius: 4px; overflow-wrap: anywhere }
li { margin: .4rem 0 }
a { color: light-dark(#0969da, #58a6ff) }
`;
