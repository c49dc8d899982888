#include "json/edit.h"

#include <vector>

#include "json/items.h"
#include "json/value.h"

namespace sluice::json {

namespace {

bool is_key(std::string_view raw, std::string_view key) {
  return raw.find('\\') == nowhere ? raw == key : unescape(raw) == key;
}

// [begin, end) of the record becomes `text`.
struct Splice {
  size_t begin = 0, end = 0;
  std::string text;
};

std::string member_text(std::string_view key, std::string_view raw) {
  std::string text = quote(key);
  text += ':';
  text += raw;
  return text;
}

// What all edits have in common: the way down the path, through all members of a key that is
// doubled, to the containers of the last step.
class Editor {
 public:
  Editor(std::string_view verb, std::string_view record, const Path& path)
      : verb_(verb), record_(record), path_(path) {}
  virtual ~Editor() = default;

  Result<Edit> run(std::string& out) {
    if (path_.whole()) return refuse(0, "is the whole record");
    TRY(descend(skip_blanks(record_, 0), 0));
    if (splices_.empty()) return Edit::unchanged;
    size_t done = 0;
    for (const Splice& splice : splices_) {
      out.append(record_, done, splice.begin - done);
      out += splice.text;
      done = splice.end;
    }
    out.append(record_, done);
    return Edit::changed;
  }

 protected:
  // In the container at `open`, where the last step leads.
  virtual Status edit(size_t open) = 0;
  // The container at `open` has no step number `depth`, or is none at all.
  virtual Status missing(size_t, size_t) { return {}; }
  virtual Status no_container(size_t, size_t) { return {}; }

  const Step& last() const { return path_.steps.back(); }
  bool is_step(const Item& item, size_t open, const Step& step) const {
    if (record_[open] == '[') return step.is_index(item.index);
    return step.kind != Step::Kind::index && is_key(item.key, step.key);
  }
  void splice(size_t begin, size_t end, std::string text) {
    splices_.push_back({begin, end, std::move(text)});
  }
  // "can't set .a.b: .a is a string": of the path's first `steps`.
  Error refuse(size_t steps, std::string_view why) const {
    Path part;
    part.steps.assign(path_.steps.begin(), path_.steps.begin() + static_cast<ptrdiff_t>(steps));
    const std::string what = steps == 0 ? "it" : to_string(part);
    return {ErrorKind::corrupt, "can't " + std::string(verb_) + " " + to_string(path_) + ": " +
                                    what + " " + std::string(why)};
  }

  const std::string_view verb_;
  const std::string_view record_;
  const Path& path_;

 private:
  Status descend(size_t at, size_t depth) {
    if (at >= record_.size() || (record_[at] != '{' && record_[at] != '[')) {
      return no_container(at, depth);
    }
    if (depth + 1 == path_.steps.size()) return edit(at);
    bool found = false;
    Status status;
    for_each_item(record_, at, [&](const Item& item) {
      if (!status.ok() || !is_step(item, at, path_.steps[depth])) return;
      found = true;
      status = descend(item.value_begin, depth + 1);
    });
    TRY(std::move(status));
    return found ? Status() : missing(at, depth);
  }

  std::vector<Splice> splices_;  // In order, apart
};

class Set : public Editor {
 public:
  Set(std::string_view record, const Path& path, std::string_view raw)
      : Editor("set", record, path), raw_(raw) {}

 private:
  Status edit(size_t open) override {
    bool found = false;
    for_each_item(record_, open, [&](const Item& item) {
      if (!is_step(item, open, last())) return;
      found = true;
      splice(item.value_begin, item.value_end, std::string(raw_));
    });
    return found ? Status() : missing(open, path_.steps.size() - 1);
  }

  Status missing(size_t open, size_t depth) override {
    if (record_[open] == '[' || path_.steps[depth].kind == Step::Kind::index) {
      return refuse(depth + 1, "is not there");
    }
    std::string value(raw_);
    for (size_t i = path_.steps.size() - 1; i > depth; --i) {
      if (path_.steps[i].kind == Step::Kind::index) return refuse(i + 1, "is not there");
      value = '{' + member_text(path_.steps[i].key, value) + '}';
    }
    size_t end = nowhere;  // Of the last member
    for_each_item(record_, open, [&](const Item& item) { end = item.value_end; });
    std::string text = member_text(path_.steps[depth].key, value);
    if (end == nowhere) {
      splice(open + 1, open + 1, std::move(text));
    } else {
      splice(end, end, ',' + text);
    }
    return {};
  }

  Status no_container(size_t at, size_t depth) override {
    const std::string_view rest = record_.substr(at);
    return refuse(depth, "is " + std::string(describe(kind(rest))));
  }

  const std::string_view raw_;
};

class Drop : public Editor {
 public:
  Drop(std::string_view record, const Path& path) : Editor("drop", record, path) {}

 private:
  // An item goes with the comma before it; those before the first that stays, with the comma after.
  Status edit(size_t open) override {
    bool kept = false;
    size_t dropping = nowhere;  // From here up to the next item
    size_t end = 0;             // Of the item before
    for_each_item(record_, open, [&](const Item& item) {
      if (dropping != nowhere) splice(dropping, item.begin, {});
      dropping = nowhere;
      end = item.value_end;
      if (!is_step(item, open, last())) {
        kept = true;
      } else if (kept) {
        splice(item.comma, item.value_end, {});
      } else {
        dropping = item.begin;
      }
    });
    if (dropping != nowhere) splice(dropping, end, {});
    return {};
  }
};

class Rename : public Editor {
 public:
  Rename(std::string_view record, const Path& path, std::string_view key)
      : Editor("rename", record, path), key_(key) {}

 private:
  Status edit(size_t open) override {
    if (last().kind == Step::Kind::index) return refuse(path_.steps.size(), "is an element");
    if (record_[open] == '[' || last().key == key_) return {};
    bool found = false, taken = false;
    for_each_item(record_, open, [&](const Item& item) {
      taken |= is_key(item.key, key_);
      if (!is_key(item.key, last().key)) return;
      found = true;
      splice(item.begin, item.begin + item.key.size() + 2, quote(key_));
    });
    if (found && taken) return refuse(path_.steps.size(), "has a neighbour " + quote(key_));
    return {};
  }

  const std::string_view key_;
};

class Stringify : public Editor {
 public:
  Stringify(std::string_view record, const Path& path) : Editor("stringify", record, path) {}

 private:
  Status edit(size_t open) override {
    for_each_item(record_, open, [&](const Item& item) {
      if (!is_step(item, open, last())) return;
      const std::string_view raw = item.value_of(record_);
      if (kind(raw) == Kind::string || kind(raw) == Kind::null) return;
      splice(item.value_begin, item.value_end, quote(raw));
    });
    return {};
  }
};

class Rewrite : public Editor {
 public:
  Rewrite(std::string_view record, const Path& path, const Rewriter& rewriter)
      : Editor("rewrite", record, path), rewriter_(rewriter) {}

 private:
  Status edit(size_t open) override {
    Status status;
    for_each_item(record_, open, [&](const Item& item) {
      if (!status.ok() || !is_step(item, open, last())) return;
      auto raw = rewriter_(item.value_of(record_));
      if (!raw.ok()) {
        status = std::move(raw.error());
      } else if (*raw) {
        splice(item.value_begin, item.value_end, std::move(**raw));
      }
    });
    return status;
  }

  const Rewriter& rewriter_;
};

}  // namespace

Result<Edit> set(std::string_view record, const Path& path, std::string_view raw,
                 std::string& out) {
  return Set(record, path, raw).run(out);
}

Result<Edit> drop(std::string_view record, const Path& path, std::string& out) {
  return Drop(record, path).run(out);
}

Result<Edit> rename(std::string_view record, const Path& path, std::string_view key,
                    std::string& out) {
  return Rename(record, path, key).run(out);
}

Result<Edit> stringify(std::string_view record, const Path& path, std::string& out) {
  return Stringify(record, path).run(out);
}

Result<Edit> rewrite(std::string_view record, const Path& path, const Rewriter& rewriter,
                     std::string& out) {
  return Rewrite(record, path, rewriter).run(out);
}

void compact(std::string_view text, std::string& out) {
  const size_t size = out.size();
  out.resize(size + text.size());
  char* to = out.data() + size;
  for (const char c : text) {
    *to = c;
    to += c != '\n' && c != '\r';  // Without a jump: line breaks come at any distance.
  }
  out.resize(static_cast<size_t>(to - out.data()));
}

}  // namespace sluice::json
