// The manifest of an inventory. Its files are inventory.cc's.
#include <algorithm>

#include "base/text.h"
#include "json/items.h"
#include "json/scan.h"
#include "json/value.h"
#include "source/inventory.h"

namespace sluice {
namespace {

constexpr size_t files_max = 1'000'000;

Error wrong(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

// The value of a member; empty where there is none.
std::string_view member(std::string_view object, std::string_view name) {
  std::string_view found;
  json::for_each_item(object, 0, [&](const json::Item& item) {
    if (item.key == name && found.empty()) found = item.value_of(object);
  });
  return found;
}
std::string text_of(std::string_view object, std::string_view name) {
  const std::string_view raw = member(object, name);
  return raw.empty() ? std::string() : json::as_text(raw).value_or("");
}

}  // namespace

Result<InventoryManifest> parse_inventory_manifest(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.front() != '{' || json::find_fault(text))
    return wrong("not a JSON object: is this the manifest.json of an S3 Inventory?");
  InventoryManifest manifest{.bucket = text_of(text, "sourceBucket"), .columns = {}, .files = {}};
  const std::string format = text_of(text, "fileFormat");
  if (format.empty())
    return wrong("there is no fileFormat: is this the manifest.json of an S3 Inventory?");
  if (format != "CSV")
    return wrong("its files are " + excerpt(format) +
                 ": only CSV is understood; order the inventory as CSV");
  const std::string schema = text_of(text, "fileSchema");
  for (const std::string_view column : split(schema, ','))
    manifest.columns.emplace_back(trim(column));
  for (const std::string_view needed : {"Key", "Size"}) {
    if (std::count(manifest.columns.begin(), manifest.columns.end(), needed) != 1)
      return wrong("fileSchema has no " + std::string(needed) +
                   ": order the inventory with it, and with ETag");
  }
  const std::string_view files = member(text, "files");
  if (files.empty() || files.front() != '[') return wrong("there are no files in it");
  Status status;
  json::for_each_item(files, 0, [&](const json::Item& item) {
    if (!status.ok()) return;
    const std::string_view file = item.value_of(files);
    const bool is_object = !file.empty() && file.front() == '{';
    const auto bytes = is_object ? parse_number<uint64_t>(text_of(file, "size")) : std::nullopt;
    if (!bytes || text_of(file, "key").empty() || manifest.files.size() == files_max) {
      status = wrong("file " + std::to_string(item.index) + " of it has no key or no size");
      return;
    }
    std::string md5 = text_of(file, "MD5checksum");
    std::transform(md5.begin(), md5.end(), md5.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
    manifest.files.push_back({Key(text_of(file, "key")), *bytes, std::move(md5)});
  });
  TRY(status);
  return manifest;
}

}  // namespace sluice
