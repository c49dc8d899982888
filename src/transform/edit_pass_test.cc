#include "transform/edit_pass.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "transform/testing.h"

namespace sluice {
namespace {

// Drops one field, and counts how often a record goes through it alone.
class CountedDrop : public EditTransform {
 public:
  CountedDrop(std::string_view path, int& passes)
      : path_(*json::parse_path(path)), passes_(passes) {}
  Result<Verdict> apply(std::string_view record, const RecordContext&,
                        std::string& out) const override {
    ++passes_;
    const json::Edit edit = TRY(json::drop(record, path_, out));
    return edit == json::Edit::changed ? Verdict::changed : Verdict::unchanged;
  }
  std::vector<json::EditWord> words() const override {
    return {{.verb = json::EditWord::Verb::drop, .path = path_}};
  }

 private:
  const json::Path path_;
  int& passes_;
};

class Keep : public Transform {
 public:
  Result<Verdict> apply(std::string_view, const RecordContext&, std::string&) const override {
    return Verdict::unchanged;
  }
};

TEST_CASE("a record goes once through all words of neighbours, not once through each") {
  int passes = 0;
  std::string record = "{\"kept\":0";
  std::vector<std::unique_ptr<Transform>> transforms;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "f" + std::to_string(i);
    record += ",\"" + name + "\":" + std::to_string(i);
    transforms.push_back(std::make_unique<CountedDrop>("." + name, passes));
  }
  join_edits(transforms);
  REQUIRE(transforms.size() == 1);
  CHECK(outcome(*transforms[0], record + "}") == "{\"kept\":0}");
  CHECK(passes == 0);
}

TEST_CASE("what edits no fields, and words that see each other, part the passes") {
  int passes = 0;
  const auto drop = [&](std::string_view path) {
    return std::make_unique<CountedDrop>(path, passes);
  };
  std::vector<std::unique_ptr<Transform>> transforms;
  transforms.push_back(drop(".a"));
  transforms.push_back(drop(".b"));
  transforms.push_back(std::make_unique<Keep>());
  transforms.push_back(drop(".c"));
  transforms.push_back(drop(".d"));
  transforms.push_back(drop(".d.e"));
  join_edits(transforms);
  CHECK(transforms.size() == 4);
}

}  // namespace
}  // namespace sluice
