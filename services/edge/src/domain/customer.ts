import { foldDigits } from "@oi/kernel/digits";

/** The pattern that HTML itself uses for `<input type=email>`; the gateway's prefill needs no more. */
const EMAIL =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

export function isEmail(text: string): boolean {
  return text.length <= 254 && EMAIL.test(text);
}

const NATIONAL_MOBILE = /^01[3-9]\d{8}$/;
const BANGLADESHI_MOBILE = /^\+?8801[3-9]\d{8}$/;
const INTERNATIONAL = /^\+[1-9]\d{6,14}$/;

/** A Bangladeshi mobile number in any usual spelling and either script, or any number in international form. */
export function isPhone(text: string): boolean {
  if (text.length > 32) return false;
  const digits = foldDigits(text).replace(/[ ()-]/g, "");
  if (NATIONAL_MOBILE.test(digits) || BANGLADESHI_MOBILE.test(digits)) return true;
  return INTERNATIONAL.test(digits) && !digits.startsWith("+8801");
}
