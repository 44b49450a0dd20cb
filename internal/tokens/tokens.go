// Package tokens estimates how many tokens a language model reads in a text, without the model's vocabulary.
package tokens

// Count estimates the tokens of text. It is never more than len(text), as no tokenizer that works on bytes has more.
func Count(text string) int { return (len(text) + 3) / 4 }
