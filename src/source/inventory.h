// An S3 Inventory in the place of a listing: AWS's daily or weekly list of all objects of a bucket,
// in the bucket that it was ordered into.
//
//   .../2024-02-09T01-00Z/manifest.json     {"sourceBucket":"logs","fileFormat":"CSV",
//                                            "fileSchema":"Bucket, Key, Size, ETag",
//                                            "files":[{"key":...,"size":...,"MD5checksum":...}]}
//   .../data/<uuid>.csv.gz                  rows without a header, keys encoded as in a form
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
//
// Objects are given in key order. AWS promises no order, so a window of keys is held and sorted: an
// inventory whose keys all fit may come in any order, one that comes sorted may be of any size, and
// one that is neither is refused. So are ORC and Parquet, another bucket's inventory, and one in
// which a key is there twice. Files are read in the manifest's order, a few ranges at once, and
// held against their MD5.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flow/stage.h"
#include "source/listing.h"
#include "store/store.h"

namespace sluice {

struct InventoryManifest {
  struct File {
    Key key;
    uint64_t bytes = 0;
    std::string md5;  // Hexadecimal; empty: not said
    bool operator==(const File&) const = default;
  };
  std::string bucket;  // Whose objects they are
  std::vector<std::string> columns;
  std::vector<File> files;
};
// `invalid`: it is none, or not one that is understood here.
Result<InventoryManifest> parse_inventory_manifest(std::string_view text);

// A decoder of CSV, gzip or not, whose first row is a record, and whose records are JSON objects of
// strings under these names. Codecs are no business of this room: `app` brings it.
using MakeRows = std::function<std::unique_ptr<DecoderMaker>(std::vector<std::string> columns)>;

struct InventoryPlace {
  Store& store;  // Outlives all listings
  Key manifest;
  std::string bucket;  // Whose objects are wanted; empty: anybody's
  MakeRows rows;
};
// How many bytes of keys are held to be sorted; an eighth of the budget if that is less.
inline constexpr uint64_t inventory_window_bytes_max = 16 << 20;

MakeListing inventory_listing(InventoryPlace place);

}  // namespace sluice
