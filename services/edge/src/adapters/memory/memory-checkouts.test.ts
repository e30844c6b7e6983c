import { checkoutsContract } from "../../application/checkouts.contract.ts";
import { memoryCheckouts } from "./memory-checkouts.ts";

checkoutsContract((checkouts) => {
  const memory = memoryCheckouts();
  for (const checkout of checkouts) memory.put(checkout);
  return memory;
});
