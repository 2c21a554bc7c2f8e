-- Facts and kept events under the names that they have now.
update interlock.snapshot
   set content = replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(content,
         '"intentions":', '"requests":'), '"settlements":', '"results":'), '"said":', '"lastVerdict":'),
         '"gateBy":', '"gateOwner":'), '"heirs":', '"successors":'), '"roads":', '"defaultPlan":'),
         '"able":', '"engineCapabilities":'), '"surveys":', '"driftReports":'),
         '"marks":', '"outOfBandChanges":'), '"adopted":', '"foreignExecutions":');
update interlock.withheld
   set content = replace(replace(content, '"sights":', '"hints":'), '"intention":', '"request":');
