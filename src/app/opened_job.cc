#include "app/opened_job.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/fold_job.h"
#include "app/overlap.h"
#include "app/process.h"
#include "app/secret_values.h"
#include "base/text.h"
#include "base/time.h"

namespace sluice {
namespace {

constexpr size_t job_file_bytes_max = 1 << 20;

Result<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return Error{ErrorKind::invalid, path + ": " + std::strerror(errno)};
  }
  std::string text;
  char part[16 << 10];
  ssize_t bytes = 0;
  while ((bytes = ::read(file, part, sizeof(part))) > 0 && text.size() <= job_file_bytes_max) {
    text.append(part, static_cast<size_t>(bytes));
  }
  const int error = errno;
  ::close(file);
  if (bytes < 0) return Error{ErrorKind::invalid, path + ": " + std::strerror(error)};
  if (text.size() > job_file_bytes_max) {
    return Error{ErrorKind::invalid, path + ": larger than 1MiB; is it a job file?"};
  }
  return text;
}

Result<Job> read_job(const Command& command, const ResolveSecret& resolve) {
  const bool is_fold = command.verb == Verb::fold;
  const std::string text = is_fold ? TRY(fold_job(command.fold)) : TRY(read_file(command.job_file));
  Job job = TRY(parse_job(is_fold ? "fold" : command.job_file, text, process_environment(),
                          command.variables, all_parts(), resolve));
  job.keep_set_aside |= command.set_aside;
  job.ok_set_aside |= command.ok_set_aside;
  job.allow_empty |= command.allow_empty;
  return job;
}

// Do they work without a request to the source?
bool asks_no_source(Verb verb) {
  return verb == Verb::check || verb == Verb::plan || verb == Verb::status || verb == Verb::settle;
}

Result<Job> read_job_with_secrets(const Command& command) {
  if (asks_no_source(command.verb)) {
    Job job = TRY(read_job(command, {}));
    if (!job.needs_references_early) return job;
  }
  SecretValues values(process_environment());
  return read_job(command,
                  [&](const SecretReference& reference) { return values.find(reference); });
}

}  // namespace

Result<Job> read_job(const Command& command) {
  return read_job(command, {});
}

Result<std::unique_ptr<OpenedJob>> open_job(const Command& command, Stores::Use use) {
  auto opened = std::make_unique<OpenedJob>();
  opened->aids = TRY(TestAids::from(process_environment()));
  opened->job = TRY(read_job_with_secrets(command));
  const auto hidden = [&](Error error) {
    error.message = opened->hide(error.message);
    return error;
  };
  const Status apart = check_overlap(opened->job, process_environment());
  if (!apart.ok()) return hidden(apart.error());
  auto stores = Stores::open(opened->job, use, process_environment(), opened->meter, opened->aids);
  if (!stores.ok()) return hidden(std::move(stores).error());
  opened->stores = std::move(*stores);
  auto parts = make_parts(opened->job, *opened->stores);
  if (!parts.ok()) return hidden(std::move(parts).error());
  opened->parts = std::move(*parts);
  return opened;
}

Result<std::vector<UnitNames>> OpenedJob::units(const Command& command) const {
  return plan_units(job.units, job.zone, command.units, clock.wall());
}

int exit_code_of(const Error& error) {
  return error.kind == ErrorKind::invalid ? exit_wrong : exit_failed;
}

int complain(const Error& error) {
  for (const std::string_view line : split(error.message, '\n')) {
    std::fprintf(stderr, "sluice: %.*s\n", static_cast<int>(line.size()), line.data());
  }
  return exit_code_of(error);
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace sluice
