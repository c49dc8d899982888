#include "app/opened_job.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/overlap.h"
#include "app/process.h"
#include "app/secret_values.h"
#include "base/text.h"
#include "base/time.h"
#include "http/url.h"
#include "json/value.h"

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

// Of the job that was read last: a process of the command line has one.
Secrets& secrets_of_process() {
  static Secrets secrets;
  return secrets;
}

// Of the first character in UTF-8; 1 where there is none.
size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return bytes <= text.size() && json::is_utf8(text.substr(0, bytes)) ? bytes : 1;
}

// C0 but for ends of lines and tabs, DEL, and C1, which is written as one byte or as two.
bool is_obeyed(std::string_view character) {
  const auto last = static_cast<unsigned char>(character.back());
  if (character.size() == 1 && last < 0x80)
    return (last < ' ' && last != '\n' && last != '\t') || last == 0x7F;
  return last < 0xA0 && (character.size() == 1 || character[0] == '\xC2');
}

// A proxy's password, which no job names.
void tell_proxies(const Environment& environment, Secrets& secrets) {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"}) {
    const std::string value = environment.get(name).value_or("");
    const size_t sign = value.rfind('@');
    if (sign == value.npos) continue;
    const size_t scheme = value.find("://");
    const size_t begin = scheme == value.npos ? 0 : scheme + 3;
    if (begin >= sign) continue;
    const std::string who = percent_decoded(value.substr(begin, sign - begin));
    secrets.add(name, who);
    secrets.add(name, std::string_view(who).substr(who.find(':') + 1));
    secrets.add(name, value.substr(begin, sign - begin));
  }
}

Result<Job> read(const std::string& name, const std::string& text, const Variables& variables,
                 const ResolveSecret& resolve) {
  Job job = TRY(parse_job(name, text, process_environment(), variables, all_parts(), resolve));
  tell_proxies(process_environment(), job.secrets);
  secrets_of_process() = job.secrets;
  return job;
}

}  // namespace

Result<Job> read_job(const JobWords& asked, References references) {
  return read_job_text(asked.file, TRY(read_file(asked.file)), asked.variables, references);
}

Result<Job> read_job_text(const std::string& name, const std::string& text,
                          const Variables& variables, References references) {
  if (references != References::all) {
    Job job = TRY(read(name, text, variables, {}));
    if (references == References::none || !job.needs_references_early) return job;
  }
  SecretValues values(process_environment());
  return read(name, text, variables,
              [&](const SecretReference& reference) { return values.find(reference); });
}

Result<std::unique_ptr<OpenedJob>> open_job(Job job, Stores::Use use, Trace* trace) {
  auto opened = std::make_unique<OpenedJob>(trace);
  opened->aids = TRY(TestAids::from(process_environment()));
  opened->job = std::move(job);
  TRY(check_overlap(opened->job, process_environment()));
  opened->stores =
      std::make_unique<Stores>(use, process_environment(), opened->meter, opened->aids);
  opened->parts = TRY(make_parts(opened->job, *opened->stores));
  return opened;
}

Result<std::vector<UnitNames>> OpenedJob::units(const UnitsAsked& asked) const {
  return plan_units(job.units, job.zone, asked, clock.wall());
}

int exit_code_of(const Error& error) {
  return error.kind == ErrorKind::invalid ? exit_wrong : exit_failed;
}

int complain(const Error& error) {
  const std::string message = shown(error.message);
  for (const std::string_view line : split(message, '\n')) {
    std::fprintf(stderr, "sluice: %.*s\n", static_cast<int>(line.size()), line.data());
  }
  return exit_code_of(error);
}

// What a terminal would obey rather than show may come from an API, or from a key.
std::string shown(std::string_view text) {
  const std::string hidden = secrets_of_process().hide(text);
  std::string out;
  for (size_t i = 0; i < hidden.size();) {
    const size_t bytes = character_bytes(std::string_view(hidden).substr(i));
    const std::string_view one = std::string_view(hidden).substr(i, bytes);
    out += is_obeyed(one) ? "?" : one;
    i += bytes;
  }
  return out;
}

void warn(std::string_view text) {
  std::fprintf(stderr, "warning: %s\n", shown(text).c_str());
}

void print(std::string_view text) {
  const std::string out = shown(text);
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void print_to_use(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_json(std::string_view json) {
  const std::string out = secrets_of_process().hide_in_json(json);
  std::fwrite(out.data(), 1, out.size(), stdout);
}

}  // namespace sluice
