package postgres

// InBatches calls deleteSome until it deletes nothing, so that no single statement takes long, however many rows are
// due. It returns the first error.
func InBatches(deleteSome func() (int64, error)) error {
	for {
		deleted, err := deleteSome()
		if err != nil {
			return Translate(err)
		}
		if deleted == 0 {
			return nil
		}
	}
}
