#include "aws/xml.h"

#include <pugixml.hpp>

#include "base/text.h"

namespace sluice::aws {
namespace {

pugi::xml_node node_of(pugi::xml_node_struct* node) {
  return pugi::xml_node(node);
}

std::string_view local_name(pugi::xml_node node) {
  const std::string_view name = node.name();
  const size_t colon = name.find(':');
  return colon == name.npos || colon + 1 == name.size() ? name : name.substr(colon + 1);
}

// The node itself or the first behind it that is an element of that name.
XmlElement element_from(pugi::xml_node node, std::string_view name) {
  for (; node; node = node.next_sibling()) {
    if (node.type() != pugi::node_element) continue;
    if (name.empty() || local_name(node) == name) return XmlElement(node.internal_object());
  }
  return {};
}

}  // namespace

std::string_view XmlElement::name() const {
  return local_name(node_of(node_));
}

std::string_view XmlElement::text() const {
  return node_of(node_).text().get();
}

XmlElement XmlElement::first(std::string_view name) const {
  return element_from(node_of(node_).first_child(), name);
}

XmlElement XmlElement::next(std::string_view name) const {
  return element_from(node_of(node_).next_sibling(), name);
}

XmlElement XmlElement::child(std::string_view name) const {
  return first(name);
}

XmlElements XmlElement::all(std::string_view name) const {
  return {first(name), name};
}

struct XmlDocument::Parsed {
  std::string text;  // The nodes point into it.
  pugi::xml_document document;
};

XmlDocument::XmlDocument(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

Result<XmlDocument> XmlDocument::parse(std::string_view text) {
  auto parsed = std::make_unique<Parsed>();
  parsed->text = trim(text);
  // An element's text may be nothing but blanks: a key, a delimiter.
  const unsigned options =
      pugi::parse_escapes | pugi::parse_cdata | pugi::parse_eol | pugi::parse_ws_pcdata_single;
  const pugi::xml_parse_result result = parsed->document.load_buffer_inplace(
      parsed->text.data(), parsed->text.size(), options, pugi::encoding_utf8);
  if (!result) {
    return Error{ErrorKind::corrupt,
                 "not XML, at byte " + std::to_string(result.offset) + ": " + result.description()};
  }
  const XmlElement root = element_from(parsed->document.first_child(), {});
  if (!root) return Error{ErrorKind::corrupt, "not XML: no element"};
  if (root.next({})) return Error{ErrorKind::corrupt, "not XML: a second root element"};
  return XmlDocument(std::move(parsed));
}

XmlElement XmlDocument::root() const {
  return element_from(parsed_->document.first_child(), {});
}

void append_xml_text(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out.append("&#").append(std::to_string(static_cast<int>(c))).append(";");
        } else {
          out += c;
        }
    }
  }
}

void append_xml_element(std::string_view name, std::string_view text, std::string& out) {
  out.append("<").append(name).append(">");
  append_xml_text(text, out);
  out.append("</").append(name).append(">");
}

}  // namespace sluice::aws
