#include "codec/csv_reader.h"

#include <algorithm>

#include "base/time.h"
#include "flow/stage.h"
#include "json/value.h"

namespace sluice {
namespace {

std::string inside_of(std::string_view text) {
  const std::string quoted = json::quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

// Each worker keeps the names of the file it reads, three times over, and nobody's share has them.
constexpr size_t names_bytes_max = 1 << 20;

Error corrupt(std::string message) {
  return {ErrorKind::corrupt, std::move(message)};
}

std::string fields_text(size_t count) {
  return std::to_string(count) + (count == 1 ? " field" : " fields");
}

}  // namespace

CsvReader::CsvReader(CsvDialect dialect) : dialect_(std::move(dialect)) {
  for (size_t byte = 0x20; byte < plain_.size(); ++byte) plain_[byte] = true;
  // Either CSV or JSON means something by these.
  for (const char c : {'"', '\\', dialect_.delimiter, dialect_.quote.value_or('"')}) {
    plain_[static_cast<unsigned char>(c)] = false;
  }
  if (dialect_.null_text) null_inside_ = inside_of(*dialect_.null_text);
  reset();
}

void CsvReader::reset() {
  header_read_ = false;
  state_ = State::row;
  after_cr_ = row_ended_ = was_quoted_ = dropping_ = false;
  offset_ = row_offset_ = row_end_ = 0;
  fields_ = row_begin_ = value_begin_ = pending_at_ = 0;
  pending_.clear();
  reason_.clear();
  cell_.clear();
  names_.clear();
  names_bytes_ = 0;
  row_text_.clear();
  row_rest_ = row_stop_ = here_ = nullptr;
  row_copied_ = false;
  if (dialect_.header == CsvDialect::Header::none) {
    header_read_ = true;
    names_ = dialect_.columns;
    ENSURE(take_header().ok());
  }
}

void CsvReader::dropped(size_t bytes) {
  ENSURE(bytes <= row_begin_);
  row_begin_ -= bytes;
  value_begin_ -= std::min(value_begin_, bytes);
}

Result<bool> CsvReader::read(std::string_view& text, Buffer& window,
                             std::vector<json::Span>& records, std::vector<SetAside>& bad) {
  const size_t enough = records.size() + bad.size() + step_records_max;
  row_rest_ = row_ended_ ? nullptr : text.data();
  for (;;) {
    const bool room = flush(window) && (!row_ended_ || TRY(close_row({window, records, bad})));
    if (!room || text.empty() || records.size() + bad.size() >= enough) {
      keep_row(text.data());
      return room && text.empty();
    }
    read_some(text, window);
  }
}

Result<bool> CsvReader::finish(Buffer& window, std::vector<json::Span>& records,
                               std::vector<SetAside>& bad) {
  if (!flush(window)) return false;
  if (!row_ended_ && state_ != State::row) {
    if (state_ == State::quoted) spoil("a quote is opened and never closed", window);
    here_ = row_rest_;
    end_row(window);
    if (!flush(window)) return false;
  }
  if (row_ended_ && !TRY(close_row({window, records, bad}))) return false;
  if (in_header()) return corrupt("no header: the document is empty");
  return true;
}

// A run of bytes that mean nothing, or one that may mean something.
void CsvReader::read_some(std::string_view& text, Buffer& window) {
  here_ = text.data();
  if (after_cr_) {
    after_cr_ = false;
    if (text[0] == '\n') {
      ++offset_;
      text.remove_prefix(1);
      return;
    }
  }
  if (state_ == State::row) {
    const bool line_end = text[0] == '\n' || text[0] == '\r';
    if (!line_end || (!in_header() && openings_.size() == 1)) return begin_row(window);
    ++offset_;  // An empty line
    after_cr_ = text[0] == '\r';
    text.remove_prefix(1);
    return;
  }
  size_t run = 0;
  while (run < text.size() && plain_[static_cast<unsigned char>(text[run])]) ++run;
  if (run == 0) {
    read_special(text[0], window);
    text.remove_prefix(1);
    return;
  }
  if (state_ == State::closed) spoil("text behind a closing quote", window);
  if (state_ != State::quoted) state_ = State::plain;
  offset_ += run;
  add_content(text.substr(0, run), window);
  text.remove_prefix(run);
}

void CsvReader::read_special(char c, Buffer& window) {
  const bool line_end = c == '\n' || c == '\r';
  const bool quote = c == dialect_.quote;
  if (state_ == State::quoted) {
    ++offset_;
    if (quote) {
      state_ = State::closed;
    } else {
      add_content({&c, 1}, window);
    }
    return;
  }
  if (c == dialect_.delimiter) {
    ++offset_;
    end_field(window);
    begin_field(window);
  } else if (line_end) {
    end_row(window);
    ++offset_;
    after_cr_ = c == '\r';
  } else if (quote && state_ == State::field) {
    ++offset_;
    state_ = State::quoted;
    was_quoted_ = true;
  } else if (quote && state_ == State::closed) {  // A doubled one
    ++offset_;
    state_ = State::quoted;
    add_content({&c, 1}, window);
  } else {
    if (quote) spoil("a quote inside a field that begins without one", window);
    if (state_ == State::closed) spoil("text behind a closing quote", window);
    ++offset_;
    state_ = State::plain;
    add_content({&c, 1}, window);
  }
}

void CsvReader::begin_row(Buffer& window) {
  row_offset_ = offset_;
  row_begin_ = window.size();
  fields_ = 0;
  dropping_ = row_copied_ = false;
  reason_.clear();
  row_text_.clear();
  row_rest_ = here_;
  begin_field(window);
}

void CsvReader::begin_field(Buffer& window) {
  state_ = State::field;
  was_quoted_ = false;
  if (in_header() || dropping_ || fields_ >= openings_.size()) return;
  put(openings_[fields_], window);
  value_begin_ = window.size() + pending_.size() - pending_at_ - 1;
}

void CsvReader::end_field(Buffer& window) {
  if (in_header()) {
    names_bytes_ += sizeof(std::string) + cell_.size();
    if (names_bytes_ <= names_bytes_max) names_.push_back(std::move(cell_));
    cell_.clear();
  } else if (!dropping_ && fields_ < openings_.size()) {
    // All that was put is in the window: read() and finish() flush before anything else.
    if (dialect_.null_text && !was_quoted_ &&
        window.view().substr(value_begin_ + 1) == null_inside_) {
      window.resize(value_begin_);
      put("null", window);
    } else {
      put("\"", window);
    }
  }
  ++fields_;
}

void CsvReader::end_row(Buffer& window) {
  end_field(window);
  if (!in_header() && fields_ != openings_.size()) {
    spoil("has " + fields_text(fields_) + ", not " + std::to_string(openings_.size()), window);
  }
  if (!in_header() && !dropping_) put("}", window);
  row_end_ = offset_;
  row_stop_ = here_;
  row_ended_ = true;
  state_ = State::row;
}

// The text is left at `here`: what of it is the row's is kept.
void CsvReader::keep_row(const char* here) {
  if (state_ == State::row && !row_ended_) return;
  const char* end = row_ended_ ? row_stop_ : here;
  if (row_text_.size() <= dialect_.record_max) row_text_.append(row_rest_, end);
  row_rest_ = row_stop_ = nullptr;
}

// Puts the bad row into the window as it came. False: there is no room for all of it.
bool CsvReader::copy_row(Buffer& window) {
  if (row_copied_ || row_end_ - row_offset_ > dialect_.record_max) return true;
  row_text_.append(row_rest_, row_stop_);
  row_rest_ = row_stop_;
  row_copied_ = true;
  pending_ = std::move(row_text_);
  row_text_.clear();
  return flush(window);
}

// The row at hand is all in the window. False: a copy of it isn't.
Result<bool> CsvReader::close_row(Output out) {
  if (in_header()) {
    row_ended_ = false;
    header_read_ = true;
    if (dropping_) return corrupt("the header: " + reason_);
    TRY(take_header());
    return true;
  }
  const std::string_view row = out.window.view().substr(row_begin_);
  if (!dropping_ && !json::is_utf8(row)) spoil("not UTF-8", out.window);
  if (dropping_ && !copy_row(out.window)) return false;
  row_ended_ = false;
  if (dropping_) {
    SetAside& aside = out.bad.emplace_back();
    aside.offset = row_offset_;
    aside.bytes = row_end_ - row_offset_;
    aside.reason = std::move(reason_);
    aside.text_begin = row_begin_;
    aside.text_end = out.window.size();
  } else {
    out.records.push_back({row_begin_, out.window.size(), row_offset_});
  }
  row_begin_ = out.window.size();
  return true;
}

// names_ is the first row, or what was given.
Status CsvReader::take_header() {
  if (names_bytes_ > names_bytes_max) {
    return corrupt("the header names " + fields_text(fields_) +
                   ": more than can be kept in memory (" + print_bytes(names_bytes_max) + ", " +
                   std::to_string(sizeof(std::string)) + " bytes each and their text)");
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!json::is_utf8(names_[i])) return corrupt("the header is not UTF-8");
  }
  if (dialect_.header == CsvDialect::Header::skipped) {
    names_ = dialect_.columns;
  } else if (dialect_.header == CsvDialect::Header::names && !dialect_.columns.empty() &&
             names_ != dialect_.columns) {
    return corrupt("the header does not name the job's `columns`");
  }
  openings_.clear();
  for (size_t i = 0; i < names_.size(); ++i) {
    openings_.push_back((i == 0 ? '{' : ',') + json::quote(names_[i]) + ":\"");
  }
  std::vector<std::string> sorted = names_;
  std::sort(sorted.begin(), sorted.end());
  const auto doubled = std::adjacent_find(sorted.begin(), sorted.end());
  if (doubled == sorted.end()) return {};
  return corrupt("the header has two columns " + json::quote(*doubled) +
                 " (`header: skip` with `columns` gives them other names)");
}

void CsvReader::add_content(std::string_view run, Buffer& window) {
  if (in_header()) {
    if (dropping_) return;
    cell_ += run;
    if (offset_ - row_offset_ > dialect_.record_max) spoil("longer than record_max", window);
    return;
  }
  if (dropping_ || fields_ >= openings_.size()) return;
  if (run.size() == 1 && !plain_[static_cast<unsigned char>(run[0])]) {
    put(inside_of(run), window);
  } else {
    put(run, window);
  }
}

void CsvReader::put(std::string_view json, Buffer& window) {
  const size_t fits = pending_.empty() ? std::min(window.room(), json.size()) : 0;
  window.append(json.substr(0, fits));
  pending_ += json.substr(fits);
  const size_t bytes = window.size() + pending_.size() - pending_at_ - row_begin_;
  if (std::max<uint64_t>(bytes, offset_ - row_offset_) > dialect_.record_max) {
    spoil("longer than record_max (" + std::to_string(dialect_.record_max) + " bytes)", window);
  }
}

bool CsvReader::flush(Buffer& window) {
  if (pending_.empty()) return true;
  const size_t fits = std::min(window.room(), pending_.size() - pending_at_);
  window.append(std::string_view(pending_).substr(pending_at_, fits));
  pending_at_ += fits;
  if (pending_at_ < pending_.size()) return false;
  pending_.clear();
  pending_at_ = 0;
  return true;
}

// The row at hand is bad; the first reason counts.
void CsvReader::spoil(std::string reason, Buffer& window) {
  if (dropping_) return;
  dropping_ = true;
  reason_ = std::move(reason);
  pending_.clear();
  pending_at_ = 0;
  window.resize(row_begin_);
}

}  // namespace sluice
