/**
 * The one script of the pages, for those that can still change. It renders nothing: it reloads the page when there is
 * another one, so there is one renderer. Events come first; when there is no `EventSource`, when it fails twice in a
 * row, or when a proxy keeps the first event back, the context is asked for instead, ever more slowly and only
 * while somebody looks. It also counts the time down and, five seconds after the end was said, asks for the page that
 * comes then; and it shows links that wait for their moment. Written so that browsers of 2015 understand it; what comes
 * from the server stands in attributes, so these bytes never change.
 */
export const PAGE_SCRIPT = `(function(){
var d=document,main=d.querySelector("main").dataset,waits=[2,3,5,8,13];
function reload(){location.reload()}
function poll(){setTimeout(ask,(waits.shift()||20)*1e3)}
function ask(){
if(d.hidden)return setTimeout(ask,1e3);
var x=new XMLHttpRequest();
x.open("GET",main.context);
x.onloadend=function(){var s;try{s=JSON.parse(x.responseText).data.status}catch(e){}
if(s&&s!==main.status)reload();else poll()};
x.send()}
function listen(){
var s=new EventSource(main.events),fails=0,late=setTimeout(give,8e3);
function give(){clearTimeout(late);s.close();poll()}
s.onopen=function(){fails=0};
s.onerror=function(){if(s.readyState===2||++fails>1)give()};
s.addEventListener("status",function(e){clearTimeout(late);if(e.lastEventId!==main.seen){s.close();reload()}})}
if(window.EventSource)listen();else poll();
addEventListener("pageshow",function(e){if(e.persisted)reload()});
var clock=d.querySelector("[role=timer]"),after=d.querySelector("[data-after]");
if(after)setTimeout(function(){after.hidden=false},after.dataset.after*1e3);
if(clock){
var c=clock.dataset,said=d.querySelector(".said"),say=c.say.split("|"),end=Date.now()+c.left*1e3,stage;
(function tick(){
var s=Math.max(0,Math.ceil((end-Date.now())/1e3)),next=s>300?0:s>60?1:s?2:3,r=s%60;
clock.textContent=((s-r)/60+":"+(r<10?"0":"")+r).replace(/\\d/g,function(n){return c.digits[n]});
clock.parentNode.hidden=s>3600;
if(stage<next)said.textContent=say[next-1];
stage=next;
if(s)setTimeout(tick,1e3);else setTimeout(reload,5e3)})()}
})()`;
