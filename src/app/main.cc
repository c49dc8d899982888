#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

#include "app/command_line.h"
#include "app/opened_job.h"
#include "app/process.h"
#include "app/verbs.h"
#include "base/no_thread.h"

namespace {

int run(int count, char** arguments) {
  sluice::prepare_process();
  const sluice::CommandLine line = sluice::parse_command_line(
      sluice::all_verbs(), std::vector<std::string>(arguments + 1, arguments + count));
  if (line.command) return sluice::do_command(line.command);
  std::string text = line.text;
  if (!text.ends_with('\n')) text += '\n';
  std::fputs(text.c_str(), line.exit_code == 0 ? stdout : stderr);
  return line.exit_code;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(count, arguments);
  } catch (const std::system_error& error) {  // Of std::thread: nothing else of ours throws.
    return sluice::complain(sluice::no_thread(error));
  }
}
