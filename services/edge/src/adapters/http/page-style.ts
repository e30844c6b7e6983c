/** The one style of every page. System fonts only, since a Bangla web font would outweigh the page many times. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#4f5a66;--paper:#fff;--line:#c3cad2;--main:#0b5d3b;--on-main:#fff;--band:#6b3d00;--on-band:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#f0f3f6;--soft:#b6c0ca;--paper:#14181c;--line:#47515b;--main:#7fd8ab;--on-main:#06281a;--band:#ffd89a;--on-band:#2b1800}}
*{box-sizing:border-box}
body{margin:0;font:1rem/1.6 system-ui,"Noto Sans Bengali",sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
main{max-width:32rem;margin:0 auto;padding:1.5rem 1rem}
.band{margin:0;padding:.5rem 1rem;border-bottom:2px solid var(--band);text-align:center;font-weight:700;color:var(--on-band);background:var(--band)}
.app{margin:0;color:var(--soft)}
h1{margin:.25rem 0 .5rem;font-size:1.5rem}
.amount{margin:0;font-size:2rem;font-weight:700;overflow-wrap:normal;font-variant-numeric:tabular-nums}
.said{margin:0}
.product{margin:0}
.remark,dt{color:var(--soft)}
dl{margin:1rem 0}
dd{margin:0 0 .5rem}
.main{display:block;width:100%;min-height:48px;margin:1.5rem 0 1rem;padding:.6rem 1rem;border:2px solid var(--main);border-radius:.5rem;font:inherit;font-weight:700;text-align:center;text-decoration:none;color:var(--on-main);background:var(--main);cursor:pointer}
.link{display:inline-block;min-height:24px;color:inherit}
:focus-visible{outline:3px solid var(--main);outline-offset:3px}
footer{margin-top:2rem;padding-top:1rem;border-top:1px solid var(--line)}
`;
