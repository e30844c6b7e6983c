import type { AtGateway, PaymentDesk } from "./payment-desk.ts";

/** Takes a payment's attempts out of the book, as in a database that is being restored; the result puts them back. */
export function withoutAttempts({ world }: PaymentDesk, { id }: AtGateway): () => void {
  const { attempts } = world.book;
  const taken = [...attempts].filter(([, stored]) => stored.paymentId === id);
  for (const [attemptId] of taken) attempts.delete(attemptId);
  return () => {
    for (const [attemptId, stored] of taken) attempts.set(attemptId, stored);
  };
}
