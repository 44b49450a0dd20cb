// Package consent decides whether a person asked for a change that a model proposes. It reads the person's message and
// the last turns of the conversation, and nothing else: text that others wrote (an e-mail, a note, a tool's result)
// cannot ask for anything. Read understands the message once per request; Judge compares one change with it. A change
// is carried out only where the person stated a change of its kind and described the row. The vocabulary of each
// language is a file in the folder words.
package consent
