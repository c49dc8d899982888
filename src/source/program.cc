#include "source/program.h"

#include <atomic>
#include <deque>
#include <functional>

#include "flow/settings.h"
#include "source/byte_reader.h"

namespace sluice {
namespace {

constexpr size_t chunks_ahead_max = 2;  // That the reader may fill while one is decoded

using StartReader = std::function<Result<std::unique_ptr<ByteReader>>(Inbox& home)>;

// One document, whatever it is read from.
class StreamedDocument final : public CheckpointedSource {
 public:
  StreamedDocument(std::string name, const SourceContext& context, StartReader start)
      : inbox_(context.inbox),
        tickets_(context.tickets),
        start_(std::move(start)),
        document_{.name = name, .key = Key(name)},
        ended_(context.limit == 0),
        documents_(context.limit == 0 ? 0 : 1) {}

  void start_what_fits(Purse& purse) override {
    if (stopped_ || ended_ || !status_.ok()) return;
    if (!reader_) {
      auto reader = start_(inbox_);
      if (!reader.ok()) {
        status_ = std::move(reader.error()).in(document_.name);
        return;
      }
      reader_ = std::move(*reader);
    }
    while (open_ < chunks_ahead_max) {
      auto lease = purse.reserve(document_.number, chunk_bytes_max);
      if (!lease) return;
      ++open_;
      reader_->read(tickets_.next(), Buffer(chunk_bytes_max), std::move(*lease));
    }
  }

  void on(Event& event) override {
    auto& got = static_cast<ByteReader::Got&>(event);
    --open_;
    checkpoint_ = std::move(got.checkpoint);
    for (std::string& line : got.warnings) warnings_.push_back(std::move(line));
    if (stopped_ || ended_ || !status_.ok()) return;
    if (got.error) {
      status_ = std::move(*got.error).in("exec");
      return;
    }
    ended_ = got.end;
    if (got.bytes.empty() && !got.end) return;
    if (got.bytes.size() < chunk_bytes_max / 2) {
      got.bytes = Buffer::of(got.bytes.view());
      got.lease.shrink(got.bytes.size());
    }
    const uint64_t bytes = got.bytes.size();
    ready_.push_back({.document = document_.number,
                      .chunk = {.bytes = std::move(got.bytes),
                                .lease = std::move(got.lease),
                                .offset = document_.bytes,
                                .last = got.end}});
    document_.bytes += bytes;
  }

  std::optional<Arrived> take() override {
    if (ready_.empty()) return std::nullopt;
    Arrived arrived = std::move(ready_.front());
    ready_.pop_front();
    return arrived;
  }
  const Document& document(uint64_t) const override { return document_; }
  void forget(uint64_t) override {}
  std::optional<uint64_t> documents() const override { return documents_; }
  Status status() const override { return status_; }
  std::vector<std::string> take_warnings() override { return std::exchange(warnings_, {}); }
  void stop() override {
    if (std::exchange(stopped_, true) || !reader_) return;
    ready_.clear();
    ++open_;
    reader_->stop(tickets_.next());
  }
  bool drained() const override { return open_ == 0; }
  const std::optional<Checkpoint>& checkpoint() const override { return checkpoint_; }

 private:
  Inbox& inbox_;
  TicketSeries tickets_;
  const StartReader start_;
  Document document_;  // `bytes`: so far
  Status status_;
  std::deque<Arrived> ready_;
  std::vector<std::string> warnings_;
  std::optional<Checkpoint> checkpoint_;
  size_t open_ = 0;  // Orders that are not answered yet
  bool stopped_ = false, ended_ = false;
  const uint64_t documents_;
  std::unique_ptr<ByteReader> reader_;
};

class StreamedMaker : public SourceMaker {
 public:
  // What it will print is known once it has.
  Status list(const UnitNames&, const std::function<void(const Document&)>&,
              PlannedInput& planned) const override {
    planned = {};
    return {};
  }
  bool lists() const override { return false; }
};

class ProgramMaker : public StreamedMaker {
 public:
  explicit ProgramMaker(std::vector<Template> words) : words_(std::move(words)) {}

  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    ChildOptions options{.input = ChildOptions::Input::none};
    for (const Template& word : words_) {
      std::string& text = options.words.emplace_back();
      TRY_IN(word.render({.unit = &context.unit}, Template::Escape::none, text), "exec");
    }
    options.environment = {{"SLUICE_UNIT", context.unit.id},
                           {"SLUICE_RUN_ID", context.unit.run_id}};
    const std::string name = "exec:" + options.words[0];
    const auto start = [options](Inbox& home) -> Result<std::unique_ptr<ByteReader>> {
      return std::make_unique<ByteReader>(TRY(ChildProcess::start(options)), home);
    };
    return std::unique_ptr<Source>(std::make_unique<StreamedDocument>(name, context, start));
  }

 private:
  const std::vector<Template> words_;
};

class StandardInputMaker : public StreamedMaker {
 public:
  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    if (opened_.exchange(true)) {
      return Error{ErrorKind::invalid,
                   "standard input can be read once, so a job that reads it has one unit"};
    }
    const auto start = [](Inbox& home) -> Result<std::unique_ptr<ByteReader>> {
      return std::make_unique<ByteReader>(0, home);
    };
    return std::unique_ptr<Source>(std::make_unique<StreamedDocument>("stdin", context, start));
  }

 private:
  mutable std::atomic<bool> opened_ = false;
};

}  // namespace

const PartDoc& exec_source_doc() {
  static const PartDoc doc = {
      .name = "exec",
      .role = Role::source,
      .summary =
          "What a program prints, as one document, read as it comes. It is started once for each "
          "unit, with SLUICE_UNIT and SLUICE_RUN_ID in its environment. An exit status other than "
          "0 fails the unit. A line {\"sluice\":{\"checkpoint\":\"...\"}} is no record.",
      .fields = {{.name = "command",
                  .type = FieldType::templ,
                  .help = "The program and its words; {unit} and {run...} are filled in, {{ is a "
                          "brace. No shell is "
                          "between. It is looked for in PATH; with a slash in its name, from the "
                          "folder where sluice was started.",
                  .required = true,
                  .many = Many::list,
                  .use = TemplateUse::value,
                  .example = "[ ./fetch.py, --day, \"{unit:%F}\" ]"}},
      .example = "source: { exec: [ ./fetch.py, --day, \"{unit:%F}\" ] }\n"};
  return doc;
}

Result<std::unique_ptr<SourceMaker>> make_exec_source(const Settings& settings) {
  std::vector<Template> words;
  for (const auto& item : settings.items("command")) {
    if (!item.templ().constant_in_unit()) {
      return settings.error_at("command",
                               "there is no record and no path yet: only {unit} and "
                               "{run...} can be filled in");
    }
    words.push_back(item.templ());
  }
  if (words.empty() || words[0].text().empty()) {
    return settings.error_at("command", "no program is named");
  }
  return std::unique_ptr<SourceMaker>(std::make_unique<ProgramMaker>(std::move(words)));
}

const PartDoc& stdin_source_doc() {
  static const PartDoc doc = {
      .name = "stdin",
      .role = Role::source,
      .summary =
          "What comes through standard input, as one document, read as it comes. A job that reads "
          "it has one unit.",
      .example = "source: { stdin: {} }\n"};
  return doc;
}

Result<std::unique_ptr<SourceMaker>> make_stdin_source(const Settings&) {
  return std::unique_ptr<SourceMaker>(std::make_unique<StandardInputMaker>());
}

}  // namespace sluice
