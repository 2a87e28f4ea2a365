// The start page as one string literal. Nothing of a request or of stored data is ever put into
// it, so there is nothing to escape; whatever shows user text later must not be built like this.
// No thread affinity.
#include "scheduler/http/page.h"

namespace weir::http {
namespace {

constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>weir</title></head>
<body>
<h1>weir</h1>
<p>This scheduler is running. The command line talks to it:</p>
<pre>
weir register MODULE         tell the scheduler about a pipeline
weir run JOB                 run a job and watch it
weir materialize SELECTION   compute assets
weir runs list               what ran
weir runs show @last         the newest run, task by task
weir logs @last --failed     what the failed tasks printed
weir assets list             what there is, and how old
weir explain REF             why something waits, ran or did not
weir workers list            who does the work
weir doctor                  whether this scheduler is well
</pre>
<p>The API answers here too, as JSON; ADDRESS is the host and port of this page:</p>
<pre>
curl -d '{}' -H 'content-type: application/json' http://ADDRESS/weir.v1.RunService/ListRuns
</pre>
</body>
</html>
)";

}  // namespace

std::string_view start_page() { return kPage; }

}  // namespace weir::http
