import type { ErrorReason } from "@oi/kernel/errors";

export type ErrorEntry = {
  readonly meaning: string;
  /** The most frequent first. */
  readonly causes: readonly string[];
  readonly remedy: string;
  /** For people who see the text in a shop or a console. */
  readonly bangla: { readonly meaning: string; readonly remedy: string };
  /** One request that is refused for this reason, and the sentence it gets. */
  readonly example: {
    readonly request: string;
    readonly message: string;
    readonly fields?: Readonly<Record<string, string>>;
  };
};

const CREATE = "POST /api/v1/payments";
const READ = "GET /api/v1/payments/100";
const SESSIONS = "Sessions of operators are part of a later stage; the API of merchants never answers it.";
const SIGN_IN_AGAIN = "আবার সাইন ইন করুন।";

/** What every reason means. A reason without an entry does not compile. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorReason, ErrorEntry>> = {
  VALIDATION_ERROR: {
    meaning: "The request cannot be read, or a field breaks its rule. Nothing happened.",
    causes: [
      "A field is missing, has another type, or is out of range: data names each field and its rule.",
      "An amount is written as text, as a fraction or with an exponent: amounts are whole minor units.",
      "The body is no valid JSON, is not UTF-8, nests too deep, or holds the key __proto__.",
      "A text holds a card number. Card data is never accepted.",
      "The request itself is not valid HTTP, or names a host that is not served here.",
    ],
    remedy: "Correct the fields that data names and send the request again.",
    bangla: {
      meaning: "অনুরোধে ভুল আছে: কোনো ঘর খালি, অথবা নিয়ম অনুযায়ী নয়। কিছুই করা হয়নি।",
      remedy: "যে ঘরগুলোর নাম দেওয়া আছে সেগুলো ঠিক করে আবার পাঠান।",
    },
    example: {
      request: CREATE,
      message: "amountMinor: must be an integer, not a string",
      fields: { amountMinor: "must be an integer, not a string", customerReference: "is required" },
    },
  },
  UNAUTHORIZED: {
    meaning: "The API key or the API secret is missing or wrong. It is never said which.",
    causes: [
      "One of the headers X-Api-Key and X-Api-Secret is missing.",
      "The credential was revoked or replaced.",
      "The secret of the other mode, or of another application, is used.",
      "The secret was copied with a blank or a line break.",
    ],
    remedy: "Send both headers exactly as they were shown at registration, or rotate the credential.",
    bangla: {
      meaning: "এপিআই কী বা সিক্রেট দেওয়া হয়নি অথবা ভুল।",
      remedy: "দুটি হেডারই ঠিকভাবে পাঠান, প্রয়োজনে নতুন কী তৈরি করুন।",
    },
    example: { request: READ, message: "The API key or the API secret is missing or wrong." },
  },
  TOKEN_EXPIRED: {
    meaning: "The token of an operator's session is too old.",
    causes: ["The session was idle for too long.", SESSIONS],
    remedy: "Sign in again.",
    bangla: { meaning: "টোকেনের মেয়াদ শেষ হয়েছে।", remedy: SIGN_IN_AGAIN },
    example: { request: "GET /admin/payments", message: "The token has expired." },
  },
  SESSION_EXPIRED: {
    meaning: "The operator's session has ended.",
    causes: ["The operator signed out, or the session reached its longest life.", SESSIONS],
    remedy: "Sign in again.",
    bangla: { meaning: "সেশন শেষ হয়ে গেছে।", remedy: SIGN_IN_AGAIN },
    example: { request: "GET /admin/payments", message: "The session has expired." },
  },
  REAUTH_REQUIRED: {
    meaning: "The action is sensitive, and the operator's last proof of identity is too old for it.",
    causes: ["More than a few minutes have passed since the second factor was shown.", SESSIONS],
    remedy: "Confirm your identity and repeat the action.",
    bangla: { meaning: "এই কাজের জন্য আবার পরিচয় নিশ্চিত করতে হবে।", remedy: "পরিচয় নিশ্চিত করে কাজটি আবার করুন।" },
    example: { request: "POST /admin/refunds/7/approve", message: "Confirm your identity first." },
  },
  INVALID_CREDENTIALS: {
    meaning: "An operator's name, password or second factor is wrong.",
    causes: ["A typing mistake, or a code that is too old.", SESSIONS],
    remedy: "Try again, or ask an administrator for a new password.",
    bangla: { meaning: "নাম, পাসওয়ার্ড বা কোড ভুল।", remedy: "আবার চেষ্টা করুন, অথবা প্রশাসকের সঙ্গে যোগাযোগ করুন।" },
    example: { request: "POST /admin/session", message: "Name, password or code is wrong." },
  },
  FORBIDDEN: {
    meaning: "The caller is known, but may not do this.",
    causes: ["The role of the operator, or the internal caller, does not include the action."],
    remedy: "Ask an administrator for the right, or use another caller.",
    bangla: { meaning: "এই কাজের অনুমতি আপনার নেই।", remedy: "প্রশাসকের কাছে অনুমতি চান।" },
    example: { request: "POST /admin/refunds/7/approve", message: "This is not allowed." },
  },
  RESOURCE_NOT_FOUND: {
    meaning: "There is nothing of that name for this caller, or nothing at this path.",
    causes: [
      "The payment belongs to the other mode: a TEST key does not see LIVE payments.",
      "The payment belongs to another application.",
      "The id or the reference has a typing mistake.",
      "The path does not exist. Paths have no slash at their end.",
      "A receipt was asked for, and the application has receipts turned off.",
    ],
    remedy:
      "Compare mode, application and id; the list by customerReference shows what the credential can see.",
    bangla: { meaning: "এই নামে কিছু পাওয়া যায়নি।", remedy: "লিংক বা নম্বরটি মিলিয়ে দেখুন।" },
    example: { request: READ, message: "Payment not found." },
  },
  METHOD_NOT_ALLOWED: {
    meaning: "The path exists, but not with this method.",
    causes: ["PUT or PATCH was used where there is nothing to change, or GET where something is made."],
    remedy: "Use a method that the header Allow names.",
    bangla: { meaning: "এই ঠিকানায় এই মেথড চলে না।", remedy: "Allow হেডারে লেখা মেথড ব্যবহার করুন।" },
    example: { request: "DELETE /api/v1/payments/100", message: "DELETE is not possible here." },
  },
  RESOURCE_ALREADY_EXISTS: {
    meaning: "Something of that name exists already.",
    causes: ["The same thing was made before, perhaps by a request whose answer got lost."],
    remedy: "Read what exists, or choose another name.",
    bangla: { meaning: "এই নামে আগেই একটি আছে।", remedy: "আগেরটি দেখুন, অথবা অন্য নাম দিন।" },
    example: { request: CREATE, message: "It exists already." },
  },
  INVALID_OPERATION_STATE: {
    meaning: "The state of the payment does not allow this.",
    causes: [
      "The payment is over: paid, failed, cancelled or expired.",
      "The gateway does not take the amount or the currency.",
      "More was asked for than is left to refund.",
      "A refund or a receipt was asked for before the payment was paid.",
    ],
    remedy: "Read the payment and act on its status. A repeat will not change the answer.",
    bangla: {
      meaning: "পেমেন্টটির বর্তমান অবস্থায় এটি করা যায় না।",
      remedy: "পেমেন্টের অবস্থা দেখে পরবর্তী কাজ ঠিক করুন।",
    },
    example: { request: "GET /checkout/pay_…/pay", message: "The payment is over." },
  },
  IDEMPOTENCY_KEY_CONFLICT: {
    meaning: "The Idempotency-Key was used before with another request. Nothing happened this time.",
    causes: [
      "A key is derived from something that is not unique, such as the day or the customer.",
      "The body changed between two tries.",
    ],
    remedy: "Use one new key for each thing you want to happen, and the same body on every try.",
    bangla: {
      meaning: "এই Idempotency-Key আগে অন্য অনুরোধে ব্যবহার করা হয়েছে।",
      remedy: "প্রতিটি নতুন কাজের জন্য নতুন কী দিন।",
    },
    example: { request: CREATE, message: "The Idempotency-Key was used with another request." },
  },
  IDEMPOTENCY_IN_PROGRESS: {
    meaning: "The first request with this Idempotency-Key is still running.",
    causes: [
      "Several tries were sent at the same time.",
      "The first try is slower than its caller's patience.",
    ],
    remedy: "Send the same request again after Retry-After; it gets the first one's answer.",
    bangla: { meaning: "একই কী-র আগের অনুরোধ এখনো চলছে।", remedy: "একটু পরে একই অনুরোধ আবার পাঠান।" },
    example: { request: CREATE, message: "The first request with this key is still running." },
  },
  PAYLOAD_TOO_LARGE: {
    meaning: "The body is larger than 64 KiB. The connection is closed.",
    causes: ["A file or a long list was put into a field."],
    remedy: "Send what the field is meant for; references to your own records are enough.",
    bangla: { meaning: "অনুরোধটি খুব বড়।", remedy: "ছোট করে আবার পাঠান।" },
    example: { request: CREATE, message: "The body is larger than 65536 bytes." },
  },
  UNSUPPORTED_MEDIA_TYPE: {
    meaning: "The body has a type, a character set or a compression that is not read here.",
    causes: [
      "Content-Type is missing; some libraries send a form unless told otherwise.",
      "The body is compressed, or its character set is not UTF-8.",
    ],
    remedy: "Send JSON in UTF-8, uncompressed, with Content-Type: application/json.",
    bangla: { meaning: "এই ধরনের তথ্য গ্রহণ করা হয় না।", remedy: "Content-Type: application/json দিয়ে পাঠান।" },
    example: { request: CREATE, message: "The body must be application/json in UTF-8." },
  },
  RATE_LIMITED: {
    meaning: "Too many requests in a short time. Nothing happened.",
    causes: [
      "A loop asks for a status instead of waiting for the webhook.",
      "Wrong credentials were sent several times in a minute.",
      "Many jobs share one credential without sharing a limit.",
    ],
    remedy: "Wait for Retry-After, then go on slower; RateLimit tells how much is left.",
    bangla: { meaning: "অল্প সময়ে অনেক বেশি অনুরোধ এসেছে।", remedy: "একটু অপেক্ষা করে আবার চেষ্টা করুন।" },
    example: { request: READ, message: "Too many requests." },
  },
  INTERNAL_ERROR: {
    meaning: "A mistake on our side. It is recorded under the request id.",
    causes: ["A bug."],
    remedy: "Repeat reads, and writes that carry an Idempotency-Key. Report the request id when it stays.",
    bangla: { meaning: "ভুলটি আমাদের।", remedy: "কিছুক্ষণ পরে আবার চেষ্টা করুন; না হলে অনুরোধের নম্বরটি জানান।" },
    example: { request: READ, message: "Something went wrong on our side." },
  },
  GATEWAY_UNAVAILABLE: {
    meaning: "The payment gateway cannot be reached just now. Nobody was charged.",
    causes: ["The gateway is down or slow.", "The network between us and the gateway is disturbed."],
    remedy: "Try again after Retry-After. Payments can be created meanwhile.",
    bangla: { meaning: "গেটওয়ে সাড়া দিচ্ছে না। কোনো টাকা কাটা হয়নি।", remedy: "এক মিনিট পরে আবার চেষ্টা করুন।" },
    example: { request: "GET /checkout/pay_…/pay", message: "The gateway does not answer." },
  },
  SERVICE_UNAVAILABLE: {
    meaning: "One of our own parts is down, starting or stopping. Nothing happened.",
    causes: ["A deployment or a restart.", "The database is not reachable, or too busy to take more."],
    remedy: "Try again after Retry-After, with growing pauses.",
    bangla: { meaning: "সেবাটি এই মুহূর্তে পাওয়া যাচ্ছে না।", remedy: "এক মিনিট পরে আবার চেষ্টা করুন।" },
    example: { request: READ, message: "The service is not available." },
  },
  DEADLINE_EXCEEDED: {
    meaning: "The answer did not come in time, so the outcome is not known.",
    causes: ["A part of ours is slow or was lost while it worked."],
    remedy: "Repeat with the same Idempotency-Key: what happened is answered, and nothing happens twice.",
    bangla: {
      meaning: "সময়মতো উত্তর আসেনি, তাই ফলাফল জানা যায়নি।",
      remedy: "একই Idempotency-Key দিয়ে আবার পাঠান; দুইবার কিছু হবে না।",
    },
    example: { request: CREATE, message: "The answer did not come in time." },
  },
};
