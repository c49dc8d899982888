// Many edits of a record in one pass over it. What comes out is what edit.h's functions make of it,
// one after the other: an EditPlan is only had of edits none of which can see what another does.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "json/edit.h"
#include "json/items.h"
#include "json/path.h"

namespace sluice::json {

struct EditWord {
  enum class Verb : uint8_t { set, drop, rename, rewrite };
  Verb verb = Verb::set;
  Path path;
  std::string key = {};    // rename: the new one
  Rewriter rewriter = {};  // rewrite
};

// Raw JSON of one record's values: those that its words set, in their order. Each is made where it
// is to stand, since a large one should lie nowhere else meanwhile.
class SetValues {
 public:
  virtual ~SetValues() = default;
  // Of all together, about; rather more than less.
  virtual size_t bytes_about() const = 0;
  // too_large: `out` would be longer than bytes_max. Any other error: there is no such value.
  virtual Status append(size_t which, uint64_t bytes_max, std::string& out) const = 0;
};

// Constant once made; safe from any thread.
class EditPlan {
 public:
  // Nothing if one of the edits touches what another does, or moves elements that another counts.
  static std::optional<EditPlan> of(std::span<const EditWord> words);
  EditPlan(EditPlan&&) = default;
  EditPlan(const EditPlan&) = delete;  // Its tables point into it
  EditPlan& operator=(const EditPlan&) = delete;

  enum class Outcome : uint8_t {
    unchanged,
    changed,
    refused,   // An edit can't be done: one after the other they say which, and why.
    too_long,  // The record would be longer than bytes_max.
  };
  // Appends to `out` what is changed; otherwise it is as it was.
  Outcome apply(std::string_view record, const SetValues& values, uint64_t bytes_max,
                std::string& out) const;

 private:
  EditPlan() = default;
  static constexpr size_t none = SIZE_MAX;
  static constexpr size_t searched_max = 8;  // More children are looked up in a table

  struct Node {
    Step step;
    size_t word = none;       // The one whose path ends here
    bool is_new_key = false;  // No path: a rename's new name, which must not be there
    size_t first_set = none;  // The first word at it or below that sets: so new members are ordered
    std::vector<Node> children = {};
    std::unordered_map<std::string_view, size_t> table = {};  // Of keys, where there are many
  };
  struct Splice {
    size_t begin = 0, end = 0;
    std::string_view text = {};
    size_t value = none;  // Instead of the text: a value that is set
  };
  // One record.
  struct Pass {
    std::string_view record;
    std::vector<Splice> splices = {};
    std::deque<std::string> texts = {};  // Of splices
    bool refused = false;
  };

  void add(const Path& path, size_t word);
  void finish(Node& node) const;
  static const Node* find(const Node& node, const Item& item, bool in_object);
  void edit(Pass& pass, const Node& node, size_t open) const;
  void edit_item(Pass& pass, const Node& child, const Item& item) const;
  void add_missing(Pass& pass, const Node& node, const std::vector<bool>& found, size_t open,
                   size_t behind) const;
  static bool sets_below(const Node& node) { return node.first_set != none; }
  void add_new(Pass& pass, const Node& node, size_t at, std::string before) const;
  static Outcome write(const Pass& pass, const SetValues& values, uint64_t bytes_max,
                       std::string& out);

  std::vector<EditWord> words_;
  std::vector<size_t> values_;  // Of each word that sets: which value
  Node root_;
};

}  // namespace sluice::json
