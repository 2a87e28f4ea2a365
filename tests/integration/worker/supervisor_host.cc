// The supervisor without the rest of the weir binary, so that its tests need neither
// gRPC nor a scheduler. It is started by start_supervisor() only; by hand it says so and
// ends.
#include "worker/supervisor/supervisor.h"

int main(int argc, char** argv) { return weir::worker::supervisor_main(argc, argv); }
