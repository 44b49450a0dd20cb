package listener

// most is how many connections are open at most by default: about 160 MB of memory when all wait for a request.
const most = 8192

// DefaultMax returns three quarters of the files that the process may open (RLIMIT_NOFILE), and 8,192 at most. The rest
// is for the database, the object store, the language model and Stripe.
func DefaultMax() int {
	files := openFiles()
	if files == 0 || files >= most*4/3 {
		return most
	}
	return max(1, int(files*3/4))
}
