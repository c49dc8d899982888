// Each rule is tested by a fault planted in a small tree, beside the same line where it is allowed.
#include "tidy.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "code_lines.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class Tree {
 public:
  Tree() {
    std::string pattern = (fs::temp_directory_path() / "sluice-tidy-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    put("src/ROOMS", "base:\njson: base\nflow: base json\ncodec: base flow\napp:\n");
  }
  ~Tree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void put(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  // "file:line: what" of each.
  std::string faults() const {
    std::string words;
    for (const Fault& fault : tidy(root_.string())) {
      words += fault.file + ":" + std::to_string(fault.line) + ": " + fault.what + "\n";
    }
    return words;
  }

  // What is said when `text` is in `file`, and nothing else is wrong.
  std::string faults_of(const std::string& file, const std::string& text) const {
    put(file, text);
    const std::string words = faults();
    fs::remove(root_ / file);
    return words;
  }

 private:
  fs::path root_;
};

bool says(const std::string& words, const std::string& part) {
  return words.find(part) != std::string::npos;
}

TEST_CASE("A room may include what src/ROOMS names for it, itself, and nothing else") {
  const Tree tree;
  CHECK(tree.faults_of("src/flow/a.cc", "#include \"json/b.h\"\n#include \"flow/a.h\"\n").empty());
  CHECK(tree.faults_of("src/json/a.cc", "// Why.\n#include \"flow/b.h\"\n") ==
        "src/json/a.cc:2: json may not know about flow\n");
  CHECK(tree.faults_of("src/json/a_test.cc", "#include \"flow/b.h\"\n") ==
        "src/json/a_test.cc:1: json may not know about flow\n");
  CHECK(tree.faults_of("src/app/a.cc", "#include \"flow/b.h\"\n#include \"codec/b.h\"\n").empty());
}

TEST_CASE("An include names a room that exists") {
  const Tree tree;
  CHECK(says(tree.faults_of("src/flow/a.cc", "#include \"b.h\"\n"), "\"flow/b.h\""));
  CHECK(says(tree.faults_of("src/flow/a.cc", "#include \"attic/b.h\"\n"), "attic is no room"));
  CHECK(says(tree.faults_of("src/attic/a.cc", "#include \"base/b.h\"\n"), "attic is no room"));
}

TEST_CASE("src/ROOMS names only rooms above, each once, and none called utils") {
  const Tree tree;
  tree.put("src/ROOMS", "base: json\njson:\njson: base\nutils:\n");
  CHECK(tree.faults() ==
        "src/ROOMS:1: json is not written above this line\n"
        "src/ROOMS:3: json is written twice\n"
        "src/ROOMS:4: utils: a room without a door; name what is in it\n");
}

TEST_CASE("A banned word is a fault outside its door, and the fault says what to use instead") {
  const Tree tree;
  const std::string clock = "auto t = std::chrono::steady_clock::now();\n";
  CHECK(says(tree.faults_of("src/flow/a.cc", clock),
             "flow/a.cc:1: steady_clock::now is banned here: call now()"));
  CHECK(tree.faults_of("src/base/clock.cc", clock).empty());
  CHECK(says(tree.faults_of("src/flow/a.cc", "int x = rand();\n"), "Chance"));
  CHECK(tree.faults_of("src/flow/a.cc", "int x = operand();\n").empty());
  CHECK(says(tree.faults_of("src/flow/a.cc", "auto x = ::getenv(\"HOME\");\n"), "Environment"));
  CHECK(tree.faults_of("src/app/main.cc", "auto x = ::getenv(\"HOME\");\n").empty());
  CHECK(says(tree.faults_of("src/flow/a.cc", "pid = ::fork();\n"), "ChildProcess"));
  CHECK(tree.faults_of("src/base/child_process.cc", "pid = ::fork();\n").empty());
  CHECK(says(tree.faults_of("src/flow/a.cc", "std::printf(\"x\");\n"), "app prints"));
  CHECK(tree.faults_of("src/flow/a.cc", "std::snprintf(b, 1, \"x\");\n").empty());
  CHECK(tree.faults_of("src/flow/a_test.cc", "std::printf(\"x\");\n").empty());
  CHECK(says(tree.faults_of("src/app/a.cc", "if (x) throw 1;\n"), "return an Error"));
  CHECK(says(tree.faults_of("bench/a.cc", "co_await x;\n"), "no coroutines"));
  CHECK(says(tree.faults_of("src/flow/a.h", "#include <filesystem>\n"), "heavy"));
  CHECK(tree.faults_of("src/flow/a.cc", "#include <filesystem>\n").empty());
}

TEST_CASE("A banned word in a comment or in quotes is none") {
  const Tree tree;
  CHECK(tree.faults_of("src/flow/a.cc",
                       "// We never throw.\n/* nor\n throw */\nauto x = \"throw \\\" throw\";\n"
                       "auto y = R\"(throw \")\";\nauto z = 1'000;  // throw\n")
            .empty());
  CHECK(says(tree.faults_of("src/flow/a.cc", "auto x = \"a\"; throw x;\n"), "return an Error"));
}

TEST_CASE("Things left to do and paths of one machine are faults in any text") {
  const Tree tree;
  const std::string home = "/home";
  CHECK(says(tree.faults_of("docs/a.md", "TODO: write\n"), "do it now"));
  CHECK(says(tree.faults_of("src/flow/a.cc", "// FIXME later\n"), "do it now"));
  CHECK(says(tree.faults_of("test/a.sh", "cd " + home + "/me\n"), "a path of one machine"));
  CHECK(tree.faults_of("docs/a.md", "the ." + home + "/ folder, a" + home + "/b\n").empty());
  CHECK(tree.faults_of("build/a.md", home + "/me\n").empty());
}

TEST_CASE("A third-party library has one door, and stays out of headers there") {
  const Tree tree;
  CHECK(tree.faults_of("src/json/a.cc", "#include <simdjson.h>\n").empty());
  CHECK(says(tree.faults_of("src/json/a.h", "#include <simdjson.h>\n"), "include it in a .cc"));
  CHECK(says(tree.faults_of("src/codec/a.cc", "#include <simdjson.h>\n"),
             "its door is json/, not codec"));
  CHECK(says(tree.faults_of("src/flow/a.cc", "#include <isa-l/crc.h>\n"), "its door is base/"));
  CHECK(tree.faults_of("src/flow/a_test.cc", "#include <zlib.h>\n").empty());
}

TEST_CASE("Lines have 100 columns, letters counted and not bytes") {
  const Tree tree;
  const std::string wide(93, 'x');
  CHECK(tree.faults_of("src/flow/a.cc", "// ää " + wide + "\n").empty());
  CHECK(tree.faults_of("src/flow/a.cc", "// aaa " + wide + "b\n") ==
        "src/flow/a.cc:1: 101 columns; 100 are the most\n");
  CHECK(tree.faults_of("src/flow/a.cc", "// https://example.com/" + wide + "\n").empty());
}

std::string function_of(int lines) {
  std::string text = "int f(int x) {\n";
  for (int n = 2; n < lines; ++n) text += "  if (x == 1) { x += 1; }\n";
  return text + "}\n";
}

TEST_CASE("A function over 70 lines or a file over 450 must say why") {
  const Tree tree;
  CHECK(tree.faults_of("src/flow/a.cc", function_of(70)).empty());
  CHECK(says(tree.faults_of("src/flow/a.cc", "\n" + function_of(71)),
             "a.cc:2: a function of 71 lines"));
  CHECK(tree.faults_of("src/flow/a.cc", "// Long because it is a table.\n" + function_of(71))
            .empty());
  CHECK(tree.faults_of("src/flow/a_test.cc", function_of(71)).empty());
  std::string file;
  for (int n = 0; n < 9; ++n) file += function_of(50);
  CHECK(tree.faults_of("src/flow/a.cc", file).empty());
  CHECK(says(tree.faults_of("src/flow/a.cc", file + "\n"), "451 lines"));
  CHECK(tree.faults_of("src/flow/a.cc", "// Long because of tables.\n" + file + "\n").empty());
}

TEST_CASE("Functions are found in classes, after initialisers, and tables aren't functions") {
  const auto spans =
      function_spans(code_lines("#define BEGIN(x) \\\n  f(x) {\n"
                                "namespace a {\n"
                                "constexpr int table[] = {f(1),\n 2};\n"
                                "class B {\n"
                                " public:\n"
                                "  B(int x)\n"
                                "      : x_(x) {\n"
                                "    g();\n"
                                "  }\n"
                                "  B& operator=(B) { return *this; }\n"
                                "};\n"
                                "}\n"));
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].last == 11);
  CHECK(spans[1].first == 12);
  CHECK(spans[1].last == 12);
}

}  // namespace
}  // namespace sluice
