#include "job/variables.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

const Environment environment{{{"NAME", "from-the-environment"}}};

struct Filled {
  Node node;
  Secrets secrets;
  std::vector<Mistake> mistakes;
  FilledReferences references;
};

Filled fill(Node node, const ResolveSecret& resolve = {}) {
  Filled out;
  out.node = std::move(node);
  out.references = fill_in_variables(out.node, environment, {}, resolve, out.secrets, out.mistakes);
  return out;
}

std::string mistake(std::string_view text) {
  const Filled filled = fill(Node::of(text));
  return filled.mistakes.empty() ? "" : filled.mistakes.front().message;
}

Node under(std::vector<std::string> keys, std::string_view text) {
  Node node = Node::of(text);
  while (!keys.empty()) {
    node = Node::of_map({{keys.back(), std::move(node)}});
    keys.pop_back();
  }
  return node;
}

// What was asked for, in order; answers its number.
struct Asked {
  std::vector<SecretReference> all;
  ResolveSecret resolve = [this](const SecretReference& reference) -> Result<std::string> {
    all.push_back(reference);
    return "value-" + std::to_string(all.size());
  };
};

}  // namespace

TEST_CASE("a reference is resolved by whoever can, and hidden like any variable") {
  Asked asked;
  const Filled filled = fill(
      Node::of_list({Node::of("Bearer ${file:/run/secrets/a b}, ${NAME}"),
                     Node::of("${secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:x#k#l}"),
                     Node::of("${ssm:/a/b}$${ssm:/c}")}),
      asked.resolve);
  CHECK(filled.mistakes.empty());
  CHECK(filled.node.items[0].text == "Bearer value-1, from-the-environment");
  CHECK(filled.node.items[0].secret);
  CHECK(filled.node.items[2].text == "value-3${ssm:/c}");
  REQUIRE(asked.all.size() == 3);
  CHECK(asked.all[0].kind == SecretReference::Kind::file);
  CHECK(asked.all[0].name == "/run/secrets/a b");
  CHECK(asked.all[1].kind == SecretReference::Kind::secretsmanager);
  CHECK(asked.all[1].name == "arn:aws:secretsmanager:eu-west-1:1:secret:x");
  CHECK(asked.all[1].key == "k#l");
  CHECK(asked.all[2].kind == SecretReference::Kind::ssm);
  CHECK(asked.all[2].name == "/a/b");
  CHECK(filled.secrets.hide("value-1 value-3") == "${file:/run/secrets/a b} ${ssm:/a/b}");
}

TEST_CASE("without anybody who can, a placeholder stands for each and is secret") {
  const Node text =
      Node::of_list({Node::of("${ssm:/a}"), Node::of("${ssm:/b}"), Node::of("${ssm:/a}")});
  const Filled filled = fill(text);
  CHECK(filled.mistakes.empty());
  const auto& items = filled.node.items;
  CHECK(items[0].text.starts_with("secret-"));
  CHECK(items[0].text == items[2].text);
  CHECK(items[0].text != items[1].text);
  CHECK(items[0].secret);
  CHECK(fill(text).node.items[0].text == items[0].text);
  CHECK(filled.references.references.size() == 2);
  CHECK(filled.secrets.hide(items[0].text) == "${ssm:/a}");
}

TEST_CASE("only what requests to a source hold can wait") {
  const auto early = [](std::vector<std::string> keys) {
    return fill(under(std::move(keys), "${ssm:/a}")).references.are_needed_early;
  };
  CHECK_FALSE(early({"source", "auth", "bearer"}));
  CHECK_FALSE(early({"source", "http", "auth", "oauth2", "client_secret"}));
  CHECK_FALSE(early({"source", "http", "headers", "X-Key"}));
  CHECK(early({"source", "http", "url"}));
  CHECK(early({"source", "auth", "mtls", "key"}));
  CHECK(early({"sink", "lake"}));
  CHECK(early({"transform", "auth"}));
  CHECK_FALSE(fill(under({"sink", "lake"}, "${NAME}")).references.are_needed_early);
}

TEST_CASE("what can't be resolved is told with its place, once") {
  int asked = 0;
  const Filled filled = fill(Node::of_list({Node::of("${ssm:/a}"), Node::of("${ssm:/b}")}),
                             [&](const SecretReference&) -> Result<std::string> {
                               ++asked;
                               return Error{ErrorKind::denied, "not for you"};
                             });
  REQUIRE(filled.references.failure.has_value());
  CHECK(filled.references.failure->kind == ErrorKind::denied);
  CHECK(filled.references.failure->message == "${ssm:/a}: not for you");
  CHECK(asked == 1);
  const Filled empty =
      fill(Node::of("${file:/e}"), [](const SecretReference&) { return std::string(); });
  CHECK(empty.references.failure->message == "${file:/e}: it is empty");
}

TEST_CASE("a reference that can't be is a mistake") {
  CHECK(mistake("${smm:/a}").find("did you mean `ssm`?") != std::string::npos);
  CHECK(mistake("${vault:a}").find("one of file, secretsmanager, ssm") != std::string::npos);
  CHECK(mistake("${ssm:}") == "${ssm:}: a name is missing after :");
  CHECK(mistake("${secretsmanager:a#}") == "${secretsmanager:a#}: a key is missing after #");
  CHECK(mistake("${secretsmanager:#a}").find("a name is missing") != std::string::npos);
  CHECK(mistake("${ssm:/a").find("without its }") != std::string::npos);
  CHECK(mistake("${ssm /a}").find("letters, digits and _") != std::string::npos);
}

}  // namespace sluice
