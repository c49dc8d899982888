#include "source/program.h"

#include <atomic>
#include <deque>
#include <functional>

#include "flow/settings.h"
#include "flow/unit_variable.h"
#include "source/byte_reader.h"
#include "source/numbered.h"

namespace sluice {
namespace {

constexpr size_t chunks_ahead_max = 2;  // That the reader may fill while one is decoded

using StartReader = std::function<Result<std::unique_ptr<ByteReader>>(Inbox& home)>;

// What comes is one document; with checkpoints in it, one up to each of them: a later run may go on
// behind any document that has ended so.
class StreamedDocuments final : public Source {
 public:
  StreamedDocuments(std::string name, const SourceContext& context, StartReader start)
      : inbox_(context.inbox),
        in_flight_(context.in_flight),
        tickets_(context.tickets),
        name_(std::move(name)),
        start_(std::move(start)),
        is_resumed_(context.cursor.has_value()),
        ended_(context.limit == 0) {
    if (context.limit == 0) total_ = 0;
    begin_document();
  }
  ~StreamedDocuments() override { let_reader_go(); }

  void start_what_fits(Purse& purse) override {
    if (stopped_ || ended_ || !status_.ok()) return;
    if (!reader_) {
      // As a request has one: it has files open, which are not without end.
      if (!has_slot_ && !in_flight_.try_take(Turn::head)) return;
      has_slot_ = true;
      auto reader = start_(inbox_);
      if (!reader.ok()) {
        let_reader_go();
        status_ = std::move(reader.error()).in(name_);
        return;
      }
      reader_ = std::move(*reader);
    }
    while (open_ < chunks_ahead_max) {
      auto lease = purse.reserve(documents_.last().document.number, chunk_bytes_max);
      if (!lease) return;
      ++open_;
      reader_->read(tickets_.next(), Buffer(chunk_bytes_max), std::move(*lease));
    }
  }

  void on(Event& event) override {
    --open_;
    take_in(static_cast<ByteReader::Got&>(event));
    if (open_ == 0 && (stopped_ || ended_ || !status_.ok())) let_reader_go();
  }

  std::optional<Arrived> take() override {
    if (ready_.empty()) return std::nullopt;
    Arrived arrived = std::move(ready_.front());
    ready_.pop_front();
    return arrived;
  }
  const Document& document(uint64_t number) const override {
    return documents_.at(number).document;
  }
  std::optional<std::string> cursor_after(uint64_t number) const override {
    return documents_.at(number).cursor;
  }
  void forget(uint64_t number) override { documents_.forget(number); }
  std::optional<uint64_t> documents() const override { return total_; }
  Status status() const override { return status_; }
  bool is_cursor_unknown() const override { return is_cursor_unknown_; }
  std::vector<std::string> take_warnings() override { return std::exchange(warnings_, {}); }
  void stop() override {
    if (std::exchange(stopped_, true) || !reader_) return;
    ready_.clear();
    ++open_;
    reader_->stop(tickets_.next());
  }
  bool drained() const override { return open_ == 0; }

 private:
  void take_in(ByteReader::Got& got) {
    for (std::string& line : got.warnings) warnings_.push_back(std::move(line));
    if (stopped_ || ended_ || !status_.ok()) return;
    if (got.error) {
      status_ = std::move(*got.error).in("exec");
      return;
    }
    ended_ = got.end;
    if (got.bytes.size() < chunk_bytes_max / 2 && !got.bytes.empty()) {
      got.bytes = Buffer::of(got.bytes.view());
      got.lease.shrink(got.bytes.size());
    }
    cut_at_checkpoints(got);
    if (!status_.ok()) return;
    if (!got.bytes.empty()) {
      put(std::move(got.bytes), std::move(got.lease), got.end);
    } else if (got.end && documents_.last().document.bytes > 0) {
      put(Buffer(), std::move(got.lease), true);
    } else if (got.end) {
      documents_.take_back();  // Nothing came, or nothing behind the last checkpoint
    }
    if (got.end) total_ = documents_.next();
  }
  void let_reader_go() {
    reader_.reset();
    if (std::exchange(has_slot_, false)) in_flight_.give_back();
  }

  struct Known {
    Document document;  // `bytes`: so far
    std::optional<std::string> cursor;
  };
  void begin_document() {
    documents_.add({.document = {.number = documents_.next(), .name = name_}, .cursor = {}});
  }
  // Each ends a document; what is left is the beginning of the next. The same output gives the same
  // documents, however it came.
  void cut_at_checkpoints(ByteReader::Got& got) {
    const uint64_t begin = read_;
    for (LineCheckpoint& checkpoint : got.checkpoints) {
      if (!checkpoint.cursor && is_resumed_) {
        is_cursor_unknown_ = true;
        status_ = Error{ErrorKind::invalid, name_ + ": it can't go on at its checkpoint"};
        return;
      }
      const std::string_view piece = got.bytes.view().substr(
          read_ - begin, checkpoint.offset - std::min(read_, checkpoint.offset));
      documents_.last().cursor = std::move(checkpoint.cursor);
      put(Buffer::of(piece), got.lease.split(std::min<uint64_t>(piece.size(), got.lease.bytes())),
          true);
      begin_document();
    }
    if (read_ > begin) got.bytes = Buffer::of(got.bytes.view().substr(read_ - begin));
  }
  void put(Buffer bytes, Lease lease, bool last) {
    Document& its = documents_.last().document;
    const uint64_t size = bytes.size();
    ready_.push_back({.document = its.number,
                      .chunk = {.bytes = std::move(bytes),
                                .lease = std::move(lease),
                                .offset = its.bytes,
                                .last = last}});
    its.bytes += size;
    read_ += size;
  }

  Inbox& inbox_;
  InFlight& in_flight_;
  TicketSeries tickets_;
  const std::string name_;
  const StartReader start_;
  const bool is_resumed_;
  Numbered<Known> documents_;  // The last is the one that comes
  uint64_t read_ = 0;          // Bytes that were put
  Status status_;
  bool is_cursor_unknown_ = false;  // That is why
  std::deque<Arrived> ready_;
  std::vector<std::string> warnings_;
  size_t open_ = 0;  // Orders that are not answered yet
  bool stopped_ = false, ended_ = false, has_slot_ = false;
  std::optional<uint64_t> total_;
  std::unique_ptr<ByteReader> reader_;
};

class ProgramMaker : public SourceMaker {
 public:
  explicit ProgramMaker(std::vector<Template> words)
      : SourceMaker({.resumable = true}), words_(std::move(words)) {}

  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    ChildOptions options{.input = ChildOptions::Input::none};
    for (const Template& word : words_) {
      std::string& text = options.words.emplace_back();
      TRY_IN(word.render({.unit = &context.unit}, Template::Escape::none, text), "exec");
    }
    options.environment = {{std::string(unit_variable), context.unit.id},
                           {"SLUICE_RUN_ID", context.unit.run_id},
                           {"SLUICE_CURSOR", context.cursor.value_or("")}};
    const std::string name = "exec:" + options.words[0];
    const auto start = [options](Inbox& home) -> Result<std::unique_ptr<ByteReader>> {
      return std::make_unique<ByteReader>(TRY(ChildProcess::start(options)), home);
    };
    return std::unique_ptr<Source>(std::make_unique<StreamedDocuments>(name, context, start));
  }

 private:
  const std::vector<Template> words_;
};

class StandardInputMaker : public SourceMaker {
 public:
  StandardInputMaker() : SourceMaker({}) {}
  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    if (opened_.exchange(true)) {
      return Error{ErrorKind::invalid,
                   "standard input can be read once, so a job that reads it has one unit"};
    }
    const auto start = [](Inbox& home) -> Result<std::unique_ptr<ByteReader>> {
      return std::make_unique<ByteReader>(0, home);
    };
    return std::unique_ptr<Source>(std::make_unique<StreamedDocuments>("stdin", context, start));
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
          "0 fails the unit. A line {\"sluice\":{\"checkpoint\":\"...\"}} is no record: a run that "
          "was killed is gone on with behind it, with those words in SLUICE_CURSOR (else empty). "
          "Where its words say {unit} or SLUICE_UNIT it is asked for what belongs to the unit, and "
          "a unit of time that was done before it was over is done again. A program that reads "
          "the variable in a file of its own can't be seen to: pass {unit} in its words, or have "
          "it run once the unit is over.",
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
