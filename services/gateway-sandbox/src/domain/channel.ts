export const CHANNELS = ["VISA", "MASTERCARD", "AMEX", "BKASH", "NAGAD", "ROCKET", "INTERNETBANK"] as const;

/** What the customer pays with. */
export type Channel = (typeof CHANNELS)[number];

export type ChannelDetails = {
  readonly cardType: string;
  /** Masked, and empty for wallets and bank accounts. */
  readonly cardNo: string;
  readonly issuer: string;
  readonly brand: string;
  readonly subBrand: string;
  readonly bankGateway: string;
};

/** The texts of published captures where there is one; the others follow their pattern. */
const DETAILS: Readonly<Record<Channel, ChannelDetails>> = {
  VISA: {
    cardType: "VISA-Dutch Bangla",
    cardNo: "411111XXXXXX1111",
    issuer: "TRUST BANK, LTD.",
    brand: "VISA",
    subBrand: "Classic",
    bankGateway: "DBBL",
  },
  MASTERCARD: {
    cardType: "MASTERCARD-Dutch Bangla",
    cardNo: "511111XXXXXX1111",
    issuer: "EASTERN BANK, LTD.",
    brand: "MASTERCARD",
    subBrand: "Standard",
    bankGateway: "DBBL",
  },
  AMEX: {
    cardType: "AMEX-City Bank",
    cardNo: "371111XXXXX1111",
    issuer: "CITY BANK, LTD.",
    brand: "AMEX",
    subBrand: "Green",
    bankGateway: "CITY",
  },
  BKASH: {
    cardType: "BKASH-BKash",
    cardNo: "",
    issuer: "BKash Mobile Banking",
    brand: "MOBILEBANKING",
    subBrand: "",
    bankGateway: "BKASH",
  },
  NAGAD: {
    cardType: "NAGAD-Nagad",
    cardNo: "",
    issuer: "Nagad",
    brand: "MOBILEBANKING",
    subBrand: "",
    bankGateway: "NAGAD",
  },
  ROCKET: {
    cardType: "DBBLMOBILEB-Dbbl Mobile Banking",
    cardNo: "",
    issuer: "DBBL Mobile Banking",
    brand: "MOBILEBANKING",
    subBrand: "",
    bankGateway: "DBBLMOBILEB",
  },
  INTERNETBANK: {
    cardType: "IBBL-Islami Bank",
    cardNo: "",
    issuer: "Islami Bank Bangladesh Limited",
    brand: "INTERNETBANKING",
    subBrand: "",
    bankGateway: "IBBL",
  },
};

export function describeChannel(channel: Channel): ChannelDetails {
  return DETAILS[channel];
}
