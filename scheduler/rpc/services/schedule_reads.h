// The reads of ScheduleService: rows with what is computed from them now. Blocks on the reader and,
// at the first use of a zone, on its file, so for read threads only; safe from any of them at once.
// Changes nothing.
#pragma once

#include "base/status.h"
#include "scheduler/rpc/backend.h"
#include "weir/v1/schedule_service.pb.h"

namespace weir::rpc {

base::Status list_schedules(Backend& backend, const v1::ListSchedulesRequest& request,
                            v1::ListSchedulesResponse* response);
base::Status get_schedule(Backend& backend, const v1::GetScheduleRequest& request,
                          v1::GetScheduleResponse* response);
base::Status preview_schedule(Backend& backend, const v1::PreviewScheduleRequest& request,
                              v1::PreviewScheduleResponse* response);
base::Status list_ticks(Backend& backend, const v1::ListTicksRequest& request,
                        v1::ListTicksResponse* response);
base::Status list_upcoming(Backend& backend, const v1::ListUpcomingRequest& request,
                           v1::ListUpcomingResponse* response);

}  // namespace weir::rpc
