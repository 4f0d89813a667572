// What the page says, where it is not in the page itself.

export const STAGES = { exploration: "Exploring", insight: "Understanding", action: "Acting" };

/** The support strategies of ESConv by their keys. */
export const STRATEGIES = {
  question: "Question",
  restatement: "Restatement",
  reflection: "Reflection of feelings",
  self_disclosure: "Self-disclosure",
  affirmation: "Affirmation",
  suggestion: "Suggestion",
  information: "Information",
  others: "Making contact",
};

/** By the name of the browser's error. */
export const MICROPHONE = {
  NotAllowedError:
    "The microphone is blocked. Allow it for this page in the browser, then start again.",
  NotFoundError: "No microphone was found. Plug one in or switch it on, then start again.",
  NotReadableError:
    "The microphone is busy. Close the other program or page that uses it, then start again.",
  insecure: "Browsers give the microphone to secure pages only: open this page with https.",
  lost: "The microphone went away, so the call has ended. Plug it in again, then start again.",
  other: "The microphone could not be opened.",
};

/** By close code; what is not here is told in the server's own words. */
export const ENDINGS = {
  1000: "The call has ended.",
  1001: "The server is restarting. Please call again in a moment.",
  1006: "The line to the server broke.",
  1008: "The server ended the call: too much came at once from this page.",
  1011: "Something failed at the server, so the call has ended. Please call again.",
  1013: "Every line is taken at the moment. Please call again in a few minutes.",
  4002: "This page is of another version than the server. Reload it and call again.",
  4003: "The server heard nothing from this page for too long, so the call has ended.",
  4004: "The call has reached its longest time. You are welcome to call again.",
};

export const NOT_ANSWERED =
  "The server did not answer. Check that it is running, then start again.";
export const TOKEN_WRONG =
  "The server did not take the call. Check the access code and the connection, then start again.";

export const AGAIN = {
  trying: "The line dropped. Calling again\u2026",
  done: "You are connected again. This is a new call: what was said before is not remembered.",
  same: "The line is back. Go on where you were.",
  failed: "The line dropped and could not be restored. Check your connection, then start again.",
};

export const STATUS = {
  idle: "Ready when you are",
  microphone: "Waiting for the microphone",
  codec: "Preparing the codec",
  calling: "Calling",
  listening: "Listening",
  speaking: "Speaking",
  muted: "Your microphone is off",
  again: "Calling again",
  ended: "The call has ended",
};
