-- The web's login asks whether a key is one; making and ending keys is for the pipeline's.

grant select on feeds_feedkey to connectcare_web;
