// Package mail writes and sends the mails of the service: codes that somebody asked for, and notices about an account.
//
//	Outbox.SendCode, Outbox.Notify ──► a row of mail_outbox, in the caller's transaction: kind and ids
//	Worker                         ──► claims a row ──► makes the code ──► renders it ──► Sender ──► deletes
//	                                   no answer, 4xx ──► again, after 15 s at first, 15 min at most
//	                                   5xx            ──► again, three times at most
//
// The outbox holds no text and no code: both are made when the mail is sent, and kept nowhere. A replica that dies
// while it sends leaves the row to another one, which sends the same code again. A mail is given up after a day.
package mail
