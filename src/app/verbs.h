// What each verb does. Each prints what it has to say and answers the exit code.
#pragma once

#include "app/command_line.h"

namespace sluice {

int do_command(const Command& command);

int do_run(const Command& command);  // And fold
int do_plan(const Command& command);
int do_check(const Command& command);
int do_explain(const Command& command);
int do_preview(const Command& command);
int do_status(const Command& command);
int do_verify(const Command& command);
int do_settle(const Command& command);
int do_init(const Command& command);
int do_generate(const Command& command);

}  // namespace sluice
