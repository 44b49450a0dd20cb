package tokens

// The model of Count, for the test that fits its weights.
const (
	Scale   = scale
	Classes = classes
)

// ClassOf returns the class of a byte.
func ClassOf(b byte) int { return int(classOf[b]) }
