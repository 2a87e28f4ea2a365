// What npm's cron-parser answers: reads lines of ZONE, EXPR and instants divided by tabs and blanks,
// writes for each instant the next time after it or `none`; or `refused: ` and why.
const { CronExpressionParser } = require("cron-parser");

function nextTime(expression, tz, instant) {
  const currentDate = new Date(Number(instant) * 1000);
  const parsed = CronExpressionParser.parse(expression, { currentDate, tz });
  try {
    return parsed.next().getTime() / 1000;
  } catch {
    return "none";
  }
}

function answer(line) {
  const [tz, expression, instants] = line.split("\t");
  return instants.split(" ").map((instant) => nextTime(expression, tz, instant)).join(" ");
}

const lines = require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1);
for (const line of lines) {
  let text;
  try {
    text = answer(line);
  } catch (error) {
    text = `refused: ${error.message.split(/\s+/).join(" ")}`;
  }
  console.log(text);
}
