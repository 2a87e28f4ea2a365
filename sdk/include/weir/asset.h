// Everything that defines a pipeline: handles, rules, jobs, and the Pipeline itself.
// Include it, or weir.h; the parts are split for reading only.
// Used on one thread, before the pipeline runs.
#pragma once

#include "handle.h"
#include "job.h"
#include "name.h"
#include "pipeline.h"
#include "rules.h"
