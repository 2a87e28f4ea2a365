// The supervisor without the rest of the weir binary.
#include "worker/supervisor/handle.h"

int main(int argc, char** argv) { return weir::worker::supervisor_main(argc, argv); }
