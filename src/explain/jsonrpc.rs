//! What is said of JSON-RPC calls.

use super::Table;
use super::context::Context;
use super::template::{Text, by_key, texts};

pub(super) static TABLE: Table = Table {
    protocol: "jsonrpc",
    #[cfg(test)]
    units: UNITS,
    pick,
    fields: FIELDS,
    values: &[],
    rules: RULES,
};

fn pick(context: &Context<'_>) -> &'static Text {
    let mut kinds = context.layer.nodes.iter().map(|node| node.def.key);
    match (kinds.next(), kinds.next()) {
        (_, Some(_)) => &BATCH,
        (Some("jsonrpc.notification"), _) => &NOTIFICATION,
        (Some("jsonrpc.response"), _) if context.has("jsonrpc.error") => &ERROR,
        (Some("jsonrpc.response"), _) => &RESPONSE,
        _ => &REQUEST,
    }
}

texts! {
    REQUEST = "jsonrpc.request", "A call of a method",
        "{Sender} calls the method `{jsonrpc.method}`[ with the parameters `{jsonrpc.params}`] and gives the call the id {jsonrpc.id}.",
        "JSON-RPC lets one program call functions of another. WebSocket brings messages but ties none to another, so the id does that.",
        "{Receiver} answers with a response that has the same id. Responses may come in another order than the calls.",
        "JSON-RPC 2.0 §4";
    NOTIFICATION = "jsonrpc.notification", "A call that wants no answer",
        "{Sender} calls the method `{jsonrpc.method}`[ with the parameters `{jsonrpc.params}`] and gives no id.",
        "Without an id there is nothing that an answer could refer to. Programs use it for news, for example that a value has changed.",
        "No response comes, not even if the call fails: the caller cannot know.",
        "JSON-RPC 2.0 §4.1";
    RESPONSE = "jsonrpc.response", "The result of a call",
        "{Sender} answers the call with the id {jsonrpc.id}; the result is `{jsonrpc.result}`.",
        "The method was found and returned without an error. The id is copied from the call, so that the caller knows which one it was.",
        "The call is over. {Receiver} hands the result to whoever waited for it.",
        "JSON-RPC 2.0 §5";
    ERROR = "jsonrpc.error", "A call that failed",
        "{Sender} answers the call with the id {jsonrpc.id} by an error: {jsonrpc.error.code}[, `{jsonrpc.error.message}`].",
        "Codes from -32768 to -32000 belong to the protocol[, and this one is called {jsonrpc.error.name}]; all others belong to the application. An id of null says that not even the call's id could be read.",
        "The call is over. The caller's library raises an exception or rejects a promise.",
        "JSON-RPC 2.0 §5.1";
    BATCH = "jsonrpc.batch", "Several calls at once",
        "{Sender} sends several calls or responses in one array: {summary}.",
        "That saves messages. The calls of a batch may be worked on in any order, and at the same time.",
        "The answer to a batch of calls is one array with a response for each call that had an id, in any order.",
        "JSON-RPC 2.0 §6";
}

by_key! { FIELDS
    "jsonrpc.request" "The caller keeps a table of the ids that wait. A response that never comes is found out only by a time-out of the caller's own."
    "jsonrpc.notification" "It costs one message instead of two. Protocols of editors, such as LSP, use it for everything that needs no result."
    "jsonrpc.response" "It comes from whoever was called: over a WebSocket both sides may call, so a server can answer a client and also ask it something."
    "jsonrpc.version" "Version 1.0 had no such member; with it receivers can tell the two apart. Anything else than the string `2.0` is another protocol."
    "jsonrpc.id" "It must not be used for a second call while the first one waits. Most libraries count up from 1 or 0."
    "jsonrpc.method" "The receiver looks the name up among those that it offers. An unknown one is answered with -32601, Method not found."
    "jsonrpc.params" "It may be left out. Names in an object survive changes of the order, while an array is shorter."
    "jsonrpc.result" "A response that succeeded must have it, also if the method returns nothing: it is null then."
    "jsonrpc.error" "Its code is for programs, its message for people, and `data` for whatever else helps. It stands in the place of a result."
    "jsonrpc.error.code" "A caller can act on it, for example try again or report a mistake of its own. It is a number and never a text."
    "jsonrpc.error.name" "The five names are laid down in the specification. Codes from -32000 to -32099 are free for the errors of servers."
    "jsonrpc.error.message" "It should be one short sentence and be the same for each error of one kind; details belong into `data`."
    "jsonrpc.error.data" "What it holds is up to the server: a trace, the name of the parameter that was wrong, or nothing."
}

by_key! { RULES
    "jsonrpc.invalid" "Look for a typing error in the names of the members: `method`, `params`, `result` and `error` are written exactly so."
    "jsonrpc.result_and_error" "A caller may take either, so the outcome is open. Leave `result` out where the call failed, rather than sending it as null."
    "jsonrpc.response_without_id" "The caller drops it and waits on until its time-out. Copy the id from the call, with its type: 1 and \"1\" are two ids."
    "jsonrpc.bad_id" "Many libraries use the id as a key of a table, where an array or object cannot stand. They refuse the call with -32600."
    "jsonrpc.bad_method" "Expect the error -32600, Invalid Request, whose id is null if the receiver gave up before it read the id."
    "jsonrpc.bad_params" "Expect the error -32602 or -32600. Put the value into brackets: one argument is an array with one element."
    "jsonrpc.bad_error" "Callers read both members, and may fail with an exception of their own that hides the real error."
    "jsonrpc.reserved_method" "It works until the protocol or a library uses the name for itself, such as `rpc.discover` of OpenRPC."
    "jsonrpc.foreign_batch_element" "The other calls of the batch are carried out all the same. Whatever does not belong to JSON-RPC goes into a message of its own."
}
