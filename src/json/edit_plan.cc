#include "json/edit_plan.h"

#include <algorithm>
#include <utility>

#include "json/value.h"

namespace sluice::json {

namespace {

bool begins_with(const Path& path, const Path& beginning) {
  return path.steps.size() >= beginning.steps.size() &&
         std::equal(beginning.steps.begin(), beginning.steps.end(), path.steps.begin());
}

bool touch(const Path& a, const Path& b) {
  return begins_with(a, b) || begins_with(b, a);
}

bool only_keys(const Path& path) {
  return std::all_of(path.steps.begin(), path.steps.end(),
                     [](const Step& step) { return step.kind == Step::Kind::key; });
}

Path renamed(const EditWord& word) {
  Path path = word.path;
  path.steps.back() = Step::member(word.key);
  return path;
}

// Paths that one word reads or writes.
std::vector<Path> paths_of(const EditWord& word) {
  std::vector<Path> paths = {word.path};
  if (word.verb == EditWord::Verb::rename) paths.push_back(renamed(word));
  return paths;
}

}  // namespace

std::optional<EditPlan> EditPlan::of(std::span<const EditWord> words) {
  std::vector<Path> taken;
  for (const EditWord& word : words) {
    // Elements move when one goes, and a pointer's number may be a key as well.
    if (!only_keys(word.path) || word.path.whole()) return std::nullopt;
    std::vector<Path> own = paths_of(word);
    if (own.size() == 2 && own[0] == own[1]) return std::nullopt;
    for (const Path& path : own) {
      const bool touches = std::any_of(taken.begin(), taken.end(),
                                       [&](const Path& other) { return touch(path, other); });
      if (touches) return std::nullopt;
    }
    for (Path& path : own) taken.push_back(std::move(path));
  }
  EditPlan plan;
  size_t values = 0;
  for (const EditWord& word : words) {
    const size_t at = plan.words_.size();
    plan.words_.push_back(word);
    plan.values_.push_back(word.verb == EditWord::Verb::set ? values++ : none);
    plan.add(word.path, at);
    if (word.verb == EditWord::Verb::rename) plan.add(renamed(word), none);
  }
  plan.finish(plan.root_);
  return plan;
}

// `word`: none for a name that must not be there.
void EditPlan::add(const Path& path, size_t word) {
  Node* node = &root_;
  for (const Step& step : path.steps) {
    const auto known = std::find_if(node->children.begin(), node->children.end(),
                                    [&](const Node& child) { return child.step == step; });
    node =
        known == node->children.end() ? &node->children.emplace_back(Node{.step = step}) : &*known;
  }
  node->word = word;
  node->is_new_key = word == none;
}

// Once the tree is whole: its keys stay where they are from then on.
void EditPlan::finish(Node& node) const {
  if (node.word != none && words_[node.word].verb == EditWord::Verb::set)
    node.first_set = node.word;
  for (Node& child : node.children) {
    finish(child);
    node.first_set = std::min(node.first_set, child.first_set);
  }
  std::stable_sort(node.children.begin(), node.children.end(),
                   [](const Node& a, const Node& b) { return a.first_set < b.first_set; });
  if (node.children.size() <= searched_max) return;
  for (size_t i = 0; i < node.children.size(); ++i)
    node.table.emplace(node.children[i].step.key, i);
}

const EditPlan::Node* EditPlan::find(const Node& node, const Item& item, bool in_object) {
  if (!in_object) return nullptr;
  std::string decoded;
  std::string_view key = item.key;
  if (key.find('\\') != nowhere) key = decoded = unescape(key);
  if (node.children.size() > searched_max) {
    const auto found = node.table.find(key);
    return found == node.table.end() ? nullptr : &node.children[found->second];
  }
  for (const Node& child : node.children) {
    if (child.step.key == key) return &child;
  }
  return nullptr;
}

EditPlan::Outcome EditPlan::apply(std::string_view record, const SetValues& values,
                                  uint64_t bytes_max, std::string& out) const {
  Pass pass{.record = record};
  const size_t open = skip_blanks(record, 0);
  const bool container = open < record.size() && (record[open] == '{' || record[open] == '[');
  if (!container) return sets_below(root_) ? Outcome::refused : Outcome::unchanged;
  edit(pass, root_, open);
  if (pass.refused) return Outcome::refused;
  if (pass.splices.empty()) return Outcome::unchanged;
  // What is added stands before what goes at the same place.
  std::stable_sort(pass.splices.begin(), pass.splices.end(), [](const Splice& a, const Splice& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  const size_t before = out.size();
  const Outcome outcome = write(pass, values, bytes_max, out);
  if (outcome != Outcome::changed) out.resize(before);
  return outcome;
}

EditPlan::Outcome EditPlan::write(const Pass& pass, const SetValues& values, uint64_t bytes_max,
                                  std::string& out) {
  uint64_t bytes = pass.record.size();
  for (const Splice& splice : pass.splices) {
    bytes += splice.text.size() - (splice.end - splice.begin);
  }
  if (bytes > bytes_max) return Outcome::too_long;
  out.reserve(out.size() + std::min<uint64_t>(bytes + values.bytes_about(), bytes_max));
  const size_t begin = out.size();
  const uint64_t end_max = begin + std::min(bytes_max, UINT64_MAX - begin);
  size_t done = 0;
  for (const Splice& splice : pass.splices) {
    const size_t kept = splice.begin - done;
    if (out.size() + kept + splice.text.size() > end_max) return Outcome::too_long;
    out.append(pass.record, done, kept);
    done = splice.end;
    if (splice.value == none) {
      out += splice.text;
    } else if (const Status status = values.append(splice.value, end_max, out); !status.ok()) {
      return status.error().kind == ErrorKind::too_large ? Outcome::too_long : Outcome::refused;
    }
  }
  if (out.size() + pass.record.size() - done > end_max) return Outcome::too_long;
  out.append(pass.record, done);
  return Outcome::changed;
}

// The container at `open`. An item that is dropped goes with the comma before it; those before the
// first that stays, with the comma after.
void EditPlan::edit(Pass& pass, const Node& node, size_t open) const {
  const bool in_object = pass.record[open] == '{';
  std::vector<bool> found(node.children.size());
  bool kept = false;
  size_t dropping = nowhere;  // From here up to the next item
  size_t end = 0;             // Of the item before
  size_t dropped = 0;
  size_t behind = nowhere;  // Of the last item that stays
  for_each_item(pass.record, open, [&](const Item& item) {
    if (dropping != nowhere) pass.splices.push_back({dropping, item.begin});
    dropping = nowhere;
    end = item.value_end;
    const Node* child = find(node, item, in_object);
    if (child != nullptr) found[static_cast<size_t>(child - node.children.data())] = true;
    const bool drops =
        child != nullptr && child->word != none && words_[child->word].verb == EditWord::Verb::drop;
    dropped += drops ? 1 : 0;
    if (!drops) {
      kept = true;
      behind = item.value_end;
      if (child != nullptr) edit_item(pass, *child, item);
    } else if (kept) {
      pass.splices.push_back({item.comma, item.value_end});
    } else {
      dropping = item.begin;
    }
  });
  if (dropping != nowhere) pass.splices.push_back({dropping, end});
  // Of several that leave nothing behind the order decides which blanks stay.
  pass.refused |= !kept && dropped > 1;
  if (in_object) {
    add_missing(pass, node, found, open, behind);
  } else {
    pass.refused |= sets_below(node);
  }
}

void EditPlan::edit_item(Pass& pass, const Node& child, const Item& item) const {
  if (child.is_new_key) {
    pass.refused = true;  // If what is to have this name is there: else there is nothing to word
    return;
  }
  const std::string_view raw = item.value_of(pass.record);
  if (child.word == none) {
    if (raw[0] == '{' || raw[0] == '[') return edit(pass, child, item.value_begin);
    pass.refused |= sets_below(child);
    return;
  }
  const EditWord& word = words_[child.word];
  if (word.verb == EditWord::Verb::set) {
    pass.splices.push_back({item.value_begin, item.value_end, {}, values_[child.word]});
  } else if (word.verb == EditWord::Verb::rename) {
    const std::string& key = pass.texts.emplace_back(quote(word.key));
    pass.splices.push_back({item.begin, item.begin + item.key.size() + 2, key});
  } else {
    auto made = word.rewriter(raw);
    if (!made.ok()) {
      pass.refused = true;
    } else if (*made) {
      const std::string& text = pass.texts.emplace_back(std::move(**made));
      pass.splices.push_back({item.value_begin, item.value_end, text});
    }
  }
}

// `before`, then the value of a node that isn't there yet and is set, itself or something below it.
void EditPlan::add_new(Pass& pass, const Node& node, size_t at, std::string before) const {
  const auto add = [&](std::string text) {
    pass.splices.push_back({at, at, pass.texts.emplace_back(std::move(text))});
  };
  if (node.word != none) {
    add(std::move(before));
    pass.splices.push_back({at, at, {}, values_[node.word]});
    return;
  }
  before += '{';
  for (const Node& child : node.children) {
    if (!sets_below(child)) continue;
    append_quoted(child.step.key, before);
    before += ':';
    add_new(pass, child, at, std::move(before));
    before.assign(1, ',');
  }
  add("}");
}

// What is to be set and isn't there, behind the last item that stays.
void EditPlan::add_missing(Pass& pass, const Node& node, const std::vector<bool>& found,
                           size_t open, size_t behind) const {
  bool first = behind == nowhere;
  const size_t at = first ? open + 1 : behind;
  for (size_t i = 0; i < node.children.size(); ++i) {
    const Node& child = node.children[i];
    if (found[i] || !sets_below(child)) continue;
    std::string before(first ? 0 : 1, ',');
    first = false;
    append_quoted(child.step.key, before);
    before += ':';
    add_new(pass, child, at, std::move(before));
  }
}

}  // namespace sluice::json
