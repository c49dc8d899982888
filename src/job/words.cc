#include "job/words.h"

namespace sluice {

const PartDoc& units_words() {
  static const PartDoc doc = {
      .name = "units",
      .summary =
          "What of a job is planned, retried, resumed and committed alone. Without `units` the job "
          "is one unit, called once.",
      .fields =
          {
              {.name = "each",
               .type = FieldType::choice,
               .help = "day and hour: by the job's `time_zone`. list: one for each of `values`.",
               .required = true,
               .choices = {"once", "day", "hour", "list"},
               .example = "day"},
              {.name = "default",
               .help = "What to do where the command line doesn't say: yesterday, today, "
                       "2024-02-08, or a..b, both ends included; for hours also last_hour, "
                       "this_hour, 2024-02-08T05.",
               .example = "yesterday"},
              {.name = "late",
               .type = FieldType::duration,
               .help = "Units that ended less than this ago are looked at again, and redone where "
                       "their inputs have changed.",
               .default_text = "0",
               .example = "2d"},
              {.name = "values",
               .help = "The units of a list: any text.",
               .many = Many::list,
               .example = "[eu-west-1, us-east-1]"},
          },
      .example = "units: { each: day, default: yesterday, late: 2d }\n"};
  return doc;
}

// Long because it is a table: an entry for each word.
const PartDoc& job_words() {
  static const PartDoc doc = {
      .name = "job",
      .summary =
          "A job says where records come from, what is done to them, and where they go: a YAML or "
          "JSON file. ${NAME} in a value is filled in from the environment or --var NAME=value; "
          "${file:/run/secrets/token} from a file, ${secretsmanager:NAME} or "
          "${secretsmanager:NAME#KEY} from AWS Secrets Manager, ${ssm:/NAME} from AWS's parameter "
          "store.",
      .fields =
          {
              {.name = "name",
               .help = "The job's name, in its records and marks: letters, digits, _ - and dots.",
               .required = true,
               .example = "cloudtrail-daily"},
              {.name = "units",
               .type = FieldType::group,
               .help = "What is planned, retried, resumed and committed alone.",
               .fields = units_words().fields},
              {.name = "source",
               .type = FieldType::part,
               .help = "Where documents come from.",
               .required = true,
               .role = Role::source},
              {.name = "decode",
               .type = FieldType::part,
               .help = "How a document's bytes become records.",
               .default_text = "auto",
               .role = Role::decode},
              {.name = "transform",
               .type = FieldType::part,
               .help = "What is done to each record, in order.",
               .many = Many::list,
               .role = Role::transform},
              {.name = "sink",
               .type = FieldType::part,
               .help = "Where records go.",
               .required = true,
               .role = Role::sink},
              {.name = "time_zone",
               .help = "For units of time and for times in templates: UTC, +02:00, Europe/Berlin.",
               .default_text = "UTC"},
              {.name = "on_bad",
               .type = FieldType::choice,
               .help = "What becomes of bad records and documents: set aside and named in the "
                       "report, or the run stops at the first.",
               .default_text = "set_aside",
               .choices = {"set_aside", "stop"}},
              {.name = "ok_set_aside",
               .type = FieldType::flag,
               .help = "Exit with 0, not 3, although something was set aside.",
               .default_text = "false"},
              {.name = "allow_empty",
               .type = FieldType::flag,
               .help =
                   "A unit that had records may be found empty, and a run may find no documents "
                   "at all.",
               .default_text = "false"},
              {.name = "drift",
               .type = FieldType::choice,
               .help = "Hold each unit against its last commit, or else against the unit before "
                       "it, and warn of other numbers or sizes of records and of new and missing "
                       "fields.",
               .default_text = "warn",
               .choices = {"warn", "off"}},
              {.name = "memory",
               .type = FieldType::bytes,
               .help = "The byte budget, where --memory doesn't say.",
               .example = "256MiB"},
          },
      .example =
          "name: events\n"
          "source: { objects: \"s3://logs/{unit:%Y/%m/%d}/\" }\n"
          "units: { each: day, default: yesterday }\n"
          "sink: { lake: \"s3://lake/events/\", partition: \"dt={.time:%F}/\" }\n"};
  return doc;
}

}  // namespace sluice
