// The program: `./ticket_intent run` computes everything in this process, `weir register` takes it
// to a scheduler, which runs it every night. One thread until a stage runs.
// It must hold no logic: define() is what tests call too.
#include "pipeline.h"
#include <weir/weir.h>

int main(int argc, char** argv) {
  weir::Pipeline p("ticket_intent");
  ticket_intent::define(p);
  return weir::main(p, argc, argv);
}
