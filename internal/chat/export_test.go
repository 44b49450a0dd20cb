package chat

// FieldsHit checks rows of data as those of actions are.
func FieldsHit(guard Guard, rows []map[string]any) string {
	var fields fieldTexts
	for _, row := range rows {
		fields.add(row)
	}
	return fields.hit(guard)
}
