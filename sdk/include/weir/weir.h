// Weir's SDK for authors of stages: one include for all of it.
// Needs only the standard library (C++20, GCC 12 or clang 14 and later); link weir::sdk.
// Tests include weir/testing.h too; protobuf messages as values need weir/protobuf.h.
#pragma once

#include "alert.h"
#include "asset.h"
#include "codec.h"
#include "context.h"
#include "job.h"
#include "pipeline.h"
#include "rules.h"
#include "schedule.h"
#include "scheduled_time.h"
#include "values.h"
