#include "base/json_fields.h"

#include <gmock/gmock.h>

#include "tests/support/errors.h"

namespace base {
namespace {

using base::ExitCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::MessageOf;

Json Parsed(std::string_view text) { return ParseJson(text, "f.json", ExitCode::kUsage); }

std::string Refusal(std::string_view text, bool comments = false) {
  const base::Error error =
      tests::ErrorOf([&] { ParseJson(text, "f.json", ExitCode::kVerification, comments); });
  EXPECT_EQ(error.code(), ExitCode::kVerification);
  return error.what();
}

std::string Nested(size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); }

TEST(ParseJsonTest, SaysLineAndColumnOfASyntaxError) {
  EXPECT_THAT(Refusal("{\n  \"a\": 1,\n  \"b\" 2\n}"),
              StartsWith("f.json: line 3, column 7: syntax error while parsing object separator"));
  EXPECT_THAT(Refusal(""), StartsWith("f.json: line 1, column 1: "));
  EXPECT_THAT(Refusal("{"), StartsWith("f.json: line 1, column 1: "));
  EXPECT_THAT(Refusal("{} x"), StartsWith("f.json: line 1, column 4: "));
}

TEST(ParseJsonTest, QuotesNoMoreThanALine) {
  EXPECT_LT(Refusal("\"" + std::string(1 << 20, 'x')).size(), 300U);
}

TEST(ParseJsonTest, RefusesAKeyThatStandsTwiceInOneObject) {
  EXPECT_EQ(Refusal(R"({"a": {"b": 1, "c": 2, "b": 3}})"),
            "f.json: a.b: this field appears twice in one object (lines 1 and 1)");
  EXPECT_NO_THROW(Parsed(R"({"a": {"a": 1}, "b": {"a": [{"a": 1}, {"a": 2}]}})"));
}

TEST(ParseJsonTest, AllowsCommentsOnlyWhereAsked) {
  const std::string text = "// why\n{\"a\": 1 /* so */}";
  EXPECT_EQ(ParseJson(text, "f.json", ExitCode::kUsage, true), Json({{"a", 1}}));
  EXPECT_THAT(Refusal(text), StartsWith("f.json: line 1, column 1: "));
}

TEST(ParseJsonTest, RefusesDeepNesting) {
  EXPECT_NO_THROW(Parsed(Nested(64)));
  EXPECT_EQ(Refusal(Nested(65)), "f.json: arrays and objects are nested more than 64 deep");
  EXPECT_EQ(Refusal(std::string(10'000'000, '[')),
            "f.json: arrays and objects are nested more than 64 deep");
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i) {
    objects += "{\"a\":";
  }
  EXPECT_EQ(Refusal(objects), "f.json: arrays and objects are nested more than 64 deep");
}

TEST(ParseJsonTest, RefusesWhatIsNotUtf8) {
  EXPECT_THAT(Refusal("{\"a\": \"\xff\"}"), HasSubstr("ill-formed UTF-8"));
  EXPECT_THAT(Refusal("{\"\xc0\xaf\": 1}"), HasSubstr("ill-formed UTF-8"));          // overlong
  EXPECT_THAT(Refusal("{\"a\": \"\xed\xa0\x80\"}"), HasSubstr("ill-formed UTF-8"));  // surrogate
  EXPECT_THAT(Refusal("{\"a\": \"\\ud800\"}"), HasSubstr("surrogate"));
}

TEST(ParseJsonTest, RefusesNumbersThatAreTooLarge) {
  EXPECT_EQ(Refusal("{\"a\": 1e999}"), "f.json: a number in it is too large");
}

class Fields : public ::testing::Test {
 protected:
  JsonFields Read(std::string_view text) {
    json_ = Parsed(text);
    return JsonFields::OfFile(json_, "f.json", ExitCode::kUsage);
  }
  Json json_;
};

TEST_F(Fields, AreReadByNameAndType) {
  JsonFields fields = Read(R"({"s": "text", "b": true, "n": 7, "l": ["x", "y"],
                               "m": {"k": "v"}, "o": {"p": 1}})");
  EXPECT_EQ(fields.String("s"), "text");
  EXPECT_TRUE(fields.Bool("b", false));
  EXPECT_EQ(fields.Number("n", 7, 7), 7U);
  EXPECT_EQ(fields.Strings("l"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(fields.StringMap("m"), (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(fields.Object("o"), Json({{"p", 1}}));
  EXPECT_TRUE(fields.Has("s"));
  EXPECT_FALSE(fields.Has("t"));
  EXPECT_NO_THROW(fields.Done());
}

TEST_F(Fields, ThatAreAbsentHaveDefaults) {
  JsonFields fields = Read(R"({"null": null})");
  EXPECT_EQ(fields.String("s", "otherwise"), "otherwise");
  EXPECT_EQ(fields.OptionalString("s"), std::nullopt);
  EXPECT_EQ(fields.OptionalString("null"), std::nullopt);
  EXPECT_TRUE(fields.Bool("b", true));
  EXPECT_EQ(fields.Number("n", 0, 9, 5), 5U);
  EXPECT_TRUE(fields.Strings("l").empty());
  EXPECT_TRUE(fields.StringMap("m").empty());
  EXPECT_EQ(fields.Array("a"), Json::array());
}

TEST_F(Fields, ThatMustBeThereAreMissed) {
  JsonFields fields = Read("{}");
  EXPECT_EQ(MessageOf([&] { fields.String("s"); }),
            "f.json: s: this field is missing; it is a string");
  EXPECT_EQ(MessageOf([&] { fields.Number("n", 1, 9); }),
            "f.json: n: expected a whole number from 1 to 9");
}

TEST_F(Fields, OfAnotherTypeAreRefused) {
  JsonFields fields = Read(R"({"a": [1], "o": {"k": 1}, "s": "x", "n": 10, "neg": -1, "f": 1.0})");
  EXPECT_EQ(MessageOf([&] { fields.String("n"); }), "f.json: n: expected a string, found number");
  EXPECT_EQ(MessageOf([&] { fields.Bool("s", false); }),
            "f.json: s: expected true or false, found string");
  EXPECT_EQ(MessageOf([&] { fields.Strings("a"); }),
            "f.json: a: expected an array of strings, found number in it");
  EXPECT_EQ(MessageOf([&] { fields.StringMap("o"); }),
            "f.json: o.k: expected a string, found number");
  EXPECT_EQ(MessageOf([&] { fields.Object("a"); }), "f.json: a: expected an object, found array");
  EXPECT_EQ(MessageOf([&] { fields.Array("o"); }), "f.json: o: expected an array, found object");
  for (const char* field : {"n", "neg", "f", "s"}) {
    EXPECT_EQ(MessageOf([&] { fields.Number(field, 1, 9); }),
              fmt::format("f.json: {}: expected a whole number from 1 to 9", field));
  }
}

TEST_F(Fields, ThatNobodyKnowsAreNamedWithTheNearest) {
  JsonFields fields = Read(R"({"exce": []})");
  fields.Strings("exec");
  fields.String("type", "");
  EXPECT_EQ(MessageOf([&] { fields.Done(); }),
            "f.json: unknown field 'exce'; the nearest known one is 'exec'");
  EXPECT_EQ(MessageOf([&] {
              JsonFields other = Read(R"({"version": "1"})");
              other.Strings("exec");
              other.String("type", "");
              other.Object("services");
              other.Done();
            }),
            "f.json: unknown field 'version'; the known ones are exec, type, services");
  EXPECT_EQ(MessageOf([&] { Read(R"({"a": 1})").Done(); }), "f.json: unknown field 'a'");
}

TEST_F(Fields, OfAnInnerObjectAreNamedByTheirPath) {
  JsonFields outer = Read(R"({"services": {"nginx": {"type": 1}}})");
  JsonFields services(outer.Object("services"), outer.PathOf("services"), ExitCode::kUsage);
  JsonFields nginx(services.Object("nginx"), services.PathOf("nginx"), ExitCode::kUsage);
  EXPECT_EQ(MessageOf([&] { nginx.String("type"); }),
            "f.json: services.nginx.type: expected a string, found number");
}

TEST_F(Fields, AreThoseOfAnObject) {
  const Json array = Json::array();
  EXPECT_EQ(MessageOf([&] { JsonFields::OfFile(array, "f.json", ExitCode::kUsage); }),
            "f.json: expected an object, found array");
}

TEST(JsonFieldsTest, ReadsADigestWhole) {
  const std::string digits(64, 'a');
  const Json json = {{"good", digits}, {"short", "ab"}, {"upper", std::string(64, 'A')}};
  JsonFields fields = JsonFields::OfFile(json, "f.json", ExitCode::kUsage);
  EXPECT_EQ(fields.Digest("good").ToHex(), digits);
  for (const char* bad : {"short", "upper"}) {
    EXPECT_EQ(
        MessageOf([&] { fields.Digest(bad); }),
        "f.json: " + std::string(bad) + ": expected a SHA-256: 64 lower-case hexadecimal digits");
  }
}

}  // namespace
}  // namespace base
