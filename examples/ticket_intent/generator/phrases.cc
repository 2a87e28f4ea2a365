// The tables. Letters beyond ASCII are there on purpose: some tickets are written in Windows-1252.
// Names, addresses and numbers are made up; post.example belongs to nobody.
// No code but the accessors.
#include "phrases.h"

namespace ticket_intent::generator {
namespace {

constexpr Topic kTopics[] = {
    {"billing",
     {"billing", "Billing ", "invoice", "BILL"},
     {"Invoice {order}", "Question about my bill", "Charged twice?"},
     {"My invoice {order} shows {amount} although we agreed on less.",
      "I was charged twice for {product}, {amount} each time.",
      "The VAT on invoice {order} is wrong, please correct it.",
      "Why is there a fee of {amount} on my latest invoice?",
      "Please send the invoice for {product} to our accounting once more."}},
    {"cancellation",
     {"cancellation", "Cancel", "cancelation", "CANCELLATION"},
     {"Cancel my contract", "Ending my subscription", "Please cancel {order}"},
     {"I want to cancel my subscription of {product} at the next date.",
      "Please end my subscription, I do not use {product} any more.",
      "How do I cancel contract {order}? The button does nothing.",
      "We are moving abroad and have to cancel {product}.",
      "Kindly confirm that contract {order} ends this month."}},
    {"delivery",
     {"delivery", "shipping", "Delivery", "shipment"},
     {"Where is order {order}?", "Parcel not here", "Delivery of {product}"},
     {"My parcel {order} has not moved for five days.",
      "The courier left {product} with a neighbour whom I do not know.",
      "Order {order} was to arrive on Tuesday, and nothing came.",
      "The box with {product} was wet and torn open.",
      "Can the parcel {order} be sent to my office instead?"}},
    {"login",
     {"login", "Log-in", "password", "sign in"},
     {"Cannot log in", "Password reset does not work", "Locked out of my account"},
     {"I cannot log in since this morning; my password is refused.",
      "The mail for a new password never arrives.",
      "My account is locked after three attempts, please open it.",
      "The code for the second factor is always expired.",
      "I have a new phone and cannot log in to {product}."}},
    {"refund",
     {"refund", "Refunds", "money back", "REFUND"},
     {"Refund for {order}", "I want my money back", "Return of {product}"},
     {"I returned {product} three weeks ago and still have no refund.",
      "Please refund {amount} for order {order}.",
      "I would like my money back, {product} does not do what you promised.",
      "When will the refund of {amount} be on my account?",
      "You refunded {amount} only, the rest is missing."}},
    {"technical",
     {"technical", "bug", "Tech", "error"},
     {"{product} crashes", "Error message {order}", "App does not start"},
     {"{product} crashes whenever I open the settings.",
      "Since the update I get the error message {order} in {product}.",
      "The app shows a white page after the start.", "Exporting from {product} stops at 99 %.",
      "{product} is very slow on my machine, every click takes a minute."}},
};

constexpr std::string_view kGreetings[] = {
    "Hello,", "Hi there,", "Dear team,", "Good morning,", "Guten Tag,", "To whom it may concern,"};

constexpr std::string_view kDetails[] = {
    "It is urgent.",
    "I have tried it on two devices.",
    "This is the second time that I write.",
    "My order number is {order}.",
    "You can reach me at {email}.",
    "Call me under {phone}, please.",
    "I paid with card {card}.",
    "It happened on {date}.",
    "My café opens at nine, so before that if you can.",
    "I live in Köln, near the Straße der Einheit.",
    "Thank you for your help \xe2\x80\x93 and your patience.",
    "The price was 5 < 10 \xe2\x82\xac, as far as I remember."};

constexpr std::string_view kClosings[] = {"Regards, {name}", "Best, {name}", "Thanks! {name}",
                                          "Viele Grüße, {name}", "{name}"};

constexpr std::string_view kNames[] = {
    "Anna Müller", "Jürgen Weiß", "Chloé Martin", "Tom Baker",    "Zoë Jansen", "Peter Schäfer",
    "Maria Rossi", "José García", "Lena Vogt",    "Oliver Brown", "Søren Holm", "Ines Costa"};

constexpr std::string_view kProducts[] = {"Aqua Pro", "Aqua Mini",  "River Desk", "River Phone",
                                          "Mill Box", "Mill Cloud", "Sluice 2",   "Sluice Home"};

}  // namespace

std::span<const Topic> topics() { return kTopics; }
std::span<const std::string_view> greetings() { return kGreetings; }
std::span<const std::string_view> details() { return kDetails; }
std::span<const std::string_view> closings() { return kClosings; }
std::span<const std::string_view> names() { return kNames; }
std::span<const std::string_view> products() { return kProducts; }

}  // namespace ticket_intent::generator
