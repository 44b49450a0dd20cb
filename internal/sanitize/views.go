package sanitize

import "github.com/adiuva/cloud-api/internal/sanitize/decode"

// ViewKind says what a view reads.
type ViewKind string

// The kinds of view.
const (
	Letters ViewKind = "letters" // letters or words, as they arrive
	Decoder ViewKind = "decoder" // text that does not look natural, decoded
	Order   ViewKind = "order"   // the complete text, in another order
)

// View is a way of reading a text in which a secret may be found. A Hit names one, after the decoders before it.
type View struct {
	Name string
	Kind ViewKind
	// Always is true if all text is read, and false if only text that does not look natural is.
	Always bool
}

// Views returns all views.
func Views() []View {
	var list []View
	for _, v := range arriving {
		list = append(list, View{v.name, Letters, !v.doubtful()})
	}
	list = append(list, View{piecesView, Letters, true}, View{hourView, Letters, true})
	for _, d := range decode.All() {
		list = append(list, View{d.Name, Decoder, false})
	}
	for _, name := range orderNames {
		list = append(list, View{name, Order, false})
	}
	return append(list, View{anagramView, Order, true})
}

// Views that have no row in another table.
const (
	piecesView  = "pieces"
	hourView    = "pieces of many answers"
	anagramView = "same letters"
)

// orderNames has the names of the orders of ordered.
var orderNames = [...]string{"every nth word", "columns", "rail fence", "blocks backwards"}
