#include "flow/lake_words.h"

namespace sluice {

// Long because it is a table: one entry for each word of the sink.
const PartDoc& lake_words() {
  static const PartDoc doc = {
      .name = "lake",
      .role = Role::sink,
      .summary =
          "Objects in a lake, one after another for each place, uploaded while they fill. They "
          "count all at once, when their unit is committed.",
      .fields =
          {
              {.name = "lake",
               .help = "Where the lake is: a bucket and a prefix, or a directory.",
               .required = true,
               .example = "\"s3://lake/cloudtrail/\""},
              {.name = "partition",
               .type = FieldType::templ,
               .help = "The folder that a record goes to, by its own fields. The objects in it are "
                       "called {unit}-{n} and the format's extension.",
               .use = TemplateUse::partition,
               .example = "\"dt={.eventTime:%F}/\""},
              {.name = "name",
               .type = FieldType::templ,
               .help =
                   "The whole key, instead of `partition`. It must tell its unit, and needs {n} "
                   "if there may be several objects.",
               .use = TemplateUse::name,
               .example = "\"date={unit:%F}/variants.jsonl.gz\""},
              {.name = "dedupe",
               .type = FieldType::field,
               .help = "Of records of one unit with the same value here and the same bytes, one "
                       "is kept. Same value, other bytes: all are kept, and counted.",
               .example = ".eventID"},
              {.name = "format",
               .type = FieldType::part,
               .help = "What the objects are. By default what `name` ends in, else jsonl.gz.",
               .role = Role::format,
               .example = "jsonl.gz",
               .says = Says::how},  // The format itself says what: it counts beside the sink.
              {.name = "roll",
               .type = FieldType::bytes,
               .help = "An object that has grown to this size, as stored, is ended and the next "
                       "begun. By default 128MiB; with a `name` that has no {n}, never.",
               .example = "128MiB"},
              {.name = "roll_records",
               .type = FieldType::count,
               .help = "The same by number of records."},
              {.name = "missing",
               .type = FieldType::choice,
               .help = "A record without the fields that `partition` needs is set aside, or goes "
                       "to __HIVE_DEFAULT_PARTITION__.",
               .default_text = "set_aside",
               .choices = {"set_aside", "default_partition"}},
              {.name = "share",
               .type = FieldType::bytes,
               .help =
                   "Memory of each unit for what is on its way into the lake. Where many places "
                   "are open at once it decides where objects end.",
               .default_text = "24MiB"},
              {.name = "keep_set_aside",
               .type = FieldType::flag,
               .help =
                   "Keep copies of what is set aside, below the state: of records and rows, "
                   "and of documents up to 4 MiB. What is longer than record_max, can't be read, "
                   "or lies behind the fault of a larger document has none.",
               .default_text = "false"},
              {.name = "state",
               .help = "Where the units' records are. By default _sluice/ in the lake.",
               .example = "\"s3://lake-state/cloudtrail/\"",
               .says = Says::how},
              {.name = "shared",
               .type = FieldType::flag,
               .help =
                   "Other jobs write into this lake, too. Keys then tell the job. Without it a "
                   "lake in a bucket lies neither in another nor around one: each run looks above "
                   "it, and the first one into up to 100 folders below it. What lies deeper, or is "
                   "made in the same moment, isn't noticed.",
               .default_text = "false"},
              {.name = "fsync",
               .type = FieldType::flag,
               .help = "In a directory: what is committed survives a loss of power. false: quicker "
                       "by some milliseconds an object, for tests and for what can be made again.",
               .default_text = "true",
               .says = Says::how},
              {.name = "single_writer",
               .type = FieldType::flag,
               .help = "You promise that never two runs write at once. For stores without "
                       "conditional writes.",
               .default_text = "false",
               .says = Says::how},
          },
      .example =
          "sink:\n"
          "  lake: \"s3://lake/cloudtrail/\"\n"
          "  partition: \"dt={.eventTime:%F}/\"\n"
          "  dedupe: .eventID\n"
          "  format: jsonl.gz\n"
          "  roll: 128MiB\n"};
  return doc;
}

}  // namespace sluice
