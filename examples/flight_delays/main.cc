// The program: `./flight_delays run` computes everything in this process, `weir register` takes it
// to a scheduler. One thread until a stage runs.
// It must hold no logic: define() is what tests call too.
#include "pipeline.h"
#include <weir/weir.h>

int main(int argc, char** argv) {
  weir::Pipeline p("flight_delays");
  flight_delays::define(p);
  return weir::main(p, argc, argv);
}
