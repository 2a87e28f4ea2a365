// The pages as string literals. Nothing of a request or of stored data is ever put into
// it, so there is nothing to escape; whatever shows user text later must not be built like this.
// No thread affinity.
#include "scheduler/http/page.h"

namespace weir::http {
namespace {

constexpr std::string_view kPage = R"html(<!doctype html>
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
weir open                    let a browser in: an address that works once
</pre>
<p>The API answers here too, as JSON, to whoever has the token; ADDRESS is the host and port of this
page, DATA the scheduler's data directory:</p>
<pre>
curl -d '{}' -H 'content-type: application/json' -H "authorization: Bearer $(cat DATA/token)" \
  http://ADDRESS/weir.v1.RunService/ListRuns
</pre>
</body>
</html>
)html";

constexpr std::string_view kRefused = R"html(<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>weir: not let in</title></head>
<body>
<h1>This address lets nobody in</h1>
<p>It works once and only for a few minutes after it was made: it has been used, or it is too old,
or the scheduler was started again since. Make another, on the machine where the scheduler runs or
where its token is:</p>
<pre>
weir open
</pre>
</body>
</html>
)html";

}  // namespace

std::string_view start_page() { return kPage; }

std::string_view refused_page() { return kRefused; }

}  // namespace weir::http
