// The sources `exec` and `stdin`: what a program prints, or what comes through our standard input,
// read as it comes and as memory allows. It is one document, or one up to each checkpoint in it.
//
//   source: { exec: [ ./fetch.py, --day, "{unit:%F}" ] }
//   source: { stdin: {} }
//
// The program is started once for each unit, without a shell, with our environment and
//   SLUICE_UNIT     the unit's id: 2024-02-08
//   SLUICE_RUN_ID   the run
//   SLUICE_CURSOR   where to go on: the last checkpoint of a run that didn't end; else empty
// Words that say {unit} or SLUICE_UNIT ask for what belongs to the unit's time, so that what was
// done before that is over is done again; of a script that reads the variable that can't be seen.
// Its exit status counts: anything but 0 fails the unit, with what it said last on its standard
// error; that, bounded, goes to the report too. Lines that are checkpoints (checkpoint_lines.h) are
// no records; one with null for a checkpoint says that it can't go on where it was told to, and the
// unit is begun anew. On a stop it gets SIGTERM, and SIGKILL after 10 s.
#pragma once

#include <memory>

#include "flow/makers.h"
#include "flow/part.h"

namespace sluice {

const PartDoc& exec_source_doc();
Result<std::unique_ptr<SourceMaker>> make_exec_source(const Settings& settings);
const PartDoc& stdin_source_doc();
Result<std::unique_ptr<SourceMaker>> make_stdin_source(const Settings& settings);

}  // namespace sluice
