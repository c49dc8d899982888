// The transform `exec`: records go through a program of one's own, as JSON Lines: one line in, one
// line out, in order. An empty line drops the record; a line that is not JSON sets it aside.
//
//   exec: [ ./enrich.py, --fast ]
//
// The program must treat each record alone: as many copies of it run as there are workers, each
// gets whatever batches come its way, and no copy sees all. (One for each worker, because a unit's
// records are worked on by all of them, and because starting an interpreter for each batch costs
// more than most batches.) It must answer while its input stays open, so it may not hold its output
// back: `python -u`, `jq --unbuffered`, fflush(). PYTHONUNBUFFERED is set for it.
//
// A program that ends, that answers more lines than it got, or that does nothing for `timeout` is
// an error of the unit, with its last line of errors. What it prints as errors goes to the report.
// Copies serve all units of a run, so their ends are seen when the last one is over: a status other
// than 0, or a line more, is then an error of the run.
#pragma once

#include <memory>

#include "flow/part.h"

namespace sluice {

const PartDoc& exec_doc();
Result<std::unique_ptr<Transform>> make_exec(const Settings& settings);

}  // namespace sluice
